#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices over UDP and DTLS: nc, plain sockets and openssl's client against the real server."""
import base64
import os
import resource
import socket
import struct
import subprocess
import threading
import time

import harness

PSK = "00112233445566778899aabbccddeeff"
READ_PROPERTY, READ_REPLY = 4, 5


def datagram(kind, sequence, device, body, token="key"):
    """A token and one message of the binary layout."""
    return b"\0" + harness.text16(token) + harness.frame(kind, sequence, device, body)[4:]


def report(device, value, sequence=2, token="key", name="temperature"):
    body = struct.pack(">H", 1) + harness.text16(name) + b"\x0a" + struct.pack(">d", value)
    return datagram(harness.TCP_REPORT, sequence, device, body, token)


def parse(raw):
    """Token, type, sequence, device and body of what the server sent."""
    size = struct.unpack(">H", raw[1:3])[0]
    token, rest = raw[3:3 + size].decode(), raw[3 + size:]
    kind, _, sequence, length = struct.unpack(">BQHH", rest[:13])
    return token, kind, sequence, rest[13:13 + length].decode(), rest[13 + length:]


def printf(raw):
    """The datagram as an argument of the shell's printf."""
    return "".join(f"\\{byte:03o}" for byte in raw)


class Udp(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.port = harness.free_port()

    def gateway(self, devices, **configuration):
        gateway = self.server.gateway("udp", self.port, **configuration)
        self.server.devices("p", gateway, devices)
        self.component = self.server.rest().get("/network-components")["items"][0]["id"]
        return gateway

    def client(self):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.settimeout(harness.PATIENCE)
        udp.connect(("127.0.0.1", self.port))
        self.addCleanup(udp.close)
        return udp

    def reports(self, kind):
        return self.server.metric("fairlead_network_reports_total", component=self.component,
                                  kind=kind) or 0

    def ask(self, udp, message):
        udp.send(message)
        return parse(udp.recv(65536))

    def test_first_device_with_nc(self):
        self.gateway(["d1"])
        done = harness.bash(f"printf '{printf(report('d1', 36.5))}' | "
                            f"nc -u -w1 127.0.0.1 {self.port} | base64 -w0")
        self.assertEqual(0, done.returncode, done.stderr)
        answer = parse(base64.b64decode(done.stdout))
        self.assertEqual(("", harness.TCP_ACK, 2, "d1", b"\0"), answer)
        # It was acknowledged, so it is stored.
        self.assertEqual([36.5], self.server.history("d1", "temperature"))
        self.eventually(36.5, lambda: self.server.value("d1", "temperature"))
        self.eventually("online", lambda: self.server.state("d1"))
        shown = self.server.rest().get(f"/network-components/{self.component}")
        self.assertEqual("udp", shown["type"])

    def test_command_reaches_the_device_where_it_spoke_last(self):
        self.gateway(["d1", "d2"])
        former, present, other = self.client(), self.client(), self.client()
        self.assertEqual(b"\0", self.ask(former, report("d1", 1))[4])
        self.assertEqual(b"\0", self.ask(present, report("d1", 2, 3))[4])
        self.assertEqual(b"\0", self.ask(other, report("d2", 3))[4])
        answer = {}

        def command():
            answer["values"] = self.server.rest().post(
                "/devices/d1/properties/read",
                {"properties": ["temperature"], "timeoutSeconds": 20})

        asking = threading.Thread(target=command)
        asking.start()
        token, kind, sequence, device, body = parse(present.recv(65536))
        self.assertEqual(("key", READ_PROPERTY, "d1"), (token, kind, device))
        self.assertEqual(struct.pack(">HB", 1, 0x0b) + harness.text16("temperature"), body)
        reply = b"\1" + struct.pack(">H", 1) + harness.text16("temperature") + b"\x0a" + \
            struct.pack(">d", 2)
        present.send(datagram(READ_REPLY, sequence, "d1", reply))
        asking.join(harness.PATIENCE)
        self.assertTrue(answer["values"]["success"])
        self.assertEqual(2, answer["values"]["properties"]["temperature"])
        for silent in (former, other):
            silent.settimeout(0.01)
            self.assertRaises(TimeoutError, silent.recv, 65536)

    def test_wrong_credentials_and_garbage(self):
        self.gateway(["d1"])
        udp = self.client()
        # Refused, and told so: code 1 is "not authenticated".
        self.assertEqual(("", harness.TCP_ACK, 2, "d1", bytes([harness.ACK_NO_AUTH])),
                         self.ask(udp, report("d1", 9, token="wrong")))
        self.eventually(1, lambda: self.reports("not_authorized"))
        udp.send(report("nobody", 9))
        self.eventually(1, lambda: self.reports("unknown_device"))
        whole = report("d1", 9)
        for end in range(len(whole)):
            udp.send(whole[:end])
        for garbage in (os.urandom(200), b"\xff" * 2000, b"GET / HTTP/1.1\r\n\r\n", b"\0" * 8000):
            udp.send(garbage)
        udp.send(b"x" * 8193)
        self.assertEqual(b"\0", self.ask_until_ok(udp, report("d1", 7, 9)))
        self.assertEqual([7], self.server.history("d1", "temperature"))
        self.assertEqual(1, self.reports("datagram_too_long"))
        self.assertEqual(1, self.reports("empty_datagram"))
        with open(self.server.log_path) as f:
            self.assertLess(f.read().count("\n"), 200, "bad datagrams filled the log")

    def ask_until_ok(self, udp, message):
        """The answer to this message; refusals of earlier ones are passed over."""
        udp.send(message)
        sequence = parse(b"\0\0\0" + message[6:])[2]
        while True:
            answer = parse(udp.recv(65536))
            if answer[2] == sequence:
                return answer[4]

    def test_inactive_device_and_disabled_gateway(self):
        gateway = self.gateway(["d1"])
        udp = self.client()
        self.assertEqual(b"\0", self.ask(udp, report("d1", 1))[4])
        self.server.rest().post("/devices/d1/deactivate")
        udp.send(report("d1", 2, 3))
        self.until(lambda: self.reports("not_authorized") == 1, "an inactive device is not refused")
        self.server.rest().post("/devices/d1/activate")
        self.assertEqual(b"\0", self.ask(udp, report("d1", 3, 4))[4])
        self.server.rest().post(f"/gateways/{gateway}/disable")
        udp.send(report("d1", 4, 5))
        self.until(lambda: self.reports("refused_no_gateway") > 0, "still taken")
        self.assertEqual([1, 3], self.server.history("d1", "temperature"))

    def test_five_thousand_peers(self):
        count = 500 if harness.SANITIZED else 5000
        self.gateway(["d1", "d2"])
        peers = []
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(count):
            peers.append(self.client())
        begin = time.monotonic()
        for number, udp in enumerate(peers):
            device = "d1" if number % 2 else "d2"
            udp.send(report(device, number, number % 60000, name="number"))
        for number, udp in enumerate(peers):
            answer = parse(udp.recv(65536))
            self.assertEqual((number % 60000, b"\0"), (answer[2], answer[4]))
        print(f"[{count} peers answered in {time.monotonic() - begin:.2f} s]", flush=True)
        self.eventually(count, lambda: self.server.metric("fairlead_network_connections",
                                                          component=self.component))
        self.assertEqual(count, self.server.metric("fairlead_network_received_messages",
                                                   component=self.component))

    def test_idle_peers_are_forgotten_and_come_back(self):
        self.gateway(["d1"], idleTimeout=1000)
        udp = self.client()
        self.assertEqual(b"\0", self.ask(udp, report("d1", 1))[4])
        self.eventually(0, lambda: self.server.metric("fairlead_network_connections",
                                                      component=self.component))
        self.assertEqual("online", self.server.state("d1"))
        with self.assertRaises(harness.bench.RestError) as silent:
            self.server.rest().post("/devices/d1/properties/read", {"properties": ["temperature"]})
        self.assertIn("CONNECTION_LOST", str(silent.exception))
        self.assertEqual(b"\0", self.ask(udp, report("d1", 2, 3))[4])

    def s_client(self, *options, message=None, until=None):
        """Runs openssl's DTLS client, sends one datagram, reads until the server says enough."""
        process = subprocess.Popen(
            ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{self.port}", "-quiet",
             *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        try:
            process.stdin.write(message)
            process.stdin.flush()
            return process.stdout.read(until) if until else b""
        finally:
            process.kill()
            process.stdin.close()
            process.wait(harness.CLIENT_SECONDS)

    def with_key(self, devices, key="0x" + PSK):
        gateway = self.gateway(devices, secure=True, dtlsMode="psk")
        self.server.rest().call("PATCH", "/products/p", {"configuration": {
            "secureId": "id", "secureKey": "key", "bearer_token": "token", "dtlsPsk": key}})
        return gateway

    def test_dtls_with_a_pre_shared_key(self):
        self.with_key(["d1"])
        answer = parse(self.s_client("-psk_identity", "d1", "-psk", PSK, "-cipher",
                                     "PSK-AES128-CCM8", message=report("d1", 5), until=19))
        self.assertEqual(("", harness.TCP_ACK, 2, "d1", b"\0"), answer)
        self.assertEqual([5], self.server.history("d1", "temperature"))
        # The key alone does not make a device of the peer: its message has credentials too.
        answer = parse(self.s_client("-psk_identity", "d1", "-psk", PSK,
                                     message=report("d1", 6, token="wrong"), until=19))
        self.assertEqual(bytes([harness.ACK_NO_AUTH]), answer[4])
        # A restarted server knows nobody yet and has to look the device up in mid-handshake.
        self.server.stop()
        self.server.start()
        answer = parse(self.s_client("-psk_identity", "d1", "-psk", PSK, message=report("d1", 7),
                                     until=19))
        self.assertEqual(b"\0", answer[4])

    def test_dtls_refuses(self):
        self.with_key(["d1"])
        done = harness.run("timeout", 20, "openssl", "s_client", "-dtls1_2", "-connect",
                           f"127.0.0.1:{self.port}", "-psk_identity", "nobody", "-psk", PSK,
                           input="")
        self.assertRegex(done.stdout + done.stderr, "unknown psk identity|alert")
        self.eventually(1, lambda: self.reports("psk_unknown_identity"))
        # A wrong key: what it encrypts cannot be read, so nothing is answered.
        process = subprocess.Popen(
            ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{self.port}",
             "-psk_identity", "d1", "-psk", "ff" * 16],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: self.reports("dtls_handshake_timeout") == 1, "the handshake goes on")
        process.kill()
        process.communicate()
        # Plain datagrams are nothing here.
        udp = self.client()
        udp.send(report("d1", 9))
        self.eventually(1, lambda: self.reports("dtls_stranger"))
        self.assertEqual([], self.server.history("d1", "temperature"))

    def certificate(self, name):
        key, pem = (os.path.join(self.folder, f"{name}.{end}") for end in ("key", "pem"))
        made = harness.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                           "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", pem,
                           "-days", 2, "-subj", f"/CN={name}")
        self.assertEqual(0, made.returncode, made.stderr)
        return key, pem

    def test_dtls_with_certificates(self):
        key, pem = self.certificate("server.example")
        device_key, device_pem = self.certificate("device.example")
        with open(key) as k, open(pem) as c, open(device_pem) as t:
            certificate = self.server.rest().post("/certificates", {
                "name": "udp", "chain": c.read(), "key": k.read(), "trust": t.read()})["id"]
        self.gateway(["d1"], secure=True, certificateId=certificate, clientCertificates="required")
        own = ("-cert", device_pem, "-key", device_key, "-CAfile", pem, "-verify_return_error")
        answer = parse(self.s_client(*own, message=report("d1", 5), until=19))
        self.assertEqual(("", harness.TCP_ACK, 2, "d1", b"\0"), answer)
        done = harness.run("timeout", 20, "openssl", "s_client", "-dtls1_2", "-connect",
                           f"127.0.0.1:{self.port}", input="")
        self.assertRegex(done.stdout + done.stderr, "alert|Cipher is \\(NONE\\)")
        self.until(lambda: self.reports("dtls_handshake_failed") >= 1, "nobody was refused")
        # Another certificate, without a restart.
        key, pem = self.certificate("next.example")
        with open(key) as k, open(pem) as c, open(device_pem) as t:
            self.server.rest().call("PATCH", f"/certificates/{certificate}", {
                "chain": c.read(), "key": k.read(), "trust": t.read()})
        own = ("-cert", device_pem, "-key", device_key, "-CAfile", pem, "-verify_return_error")
        answer = parse(self.s_client(*own, message=report("d1", 6, 3), until=19))
        self.assertEqual(b"\0", answer[4])

    def test_ports_and_forms(self):
        self.gateway(["d1"])
        rest = self.server.rest()
        # TCP has ports of its own.
        self.server.gateway("tcp-server", self.port)
        second = rest.post("/network-components", {
            "name": "second", "type": "udp", "cluster": "shared",
            "configuration": {"port": self.port, "publicHost": "127.0.0.1",
                              "publicPort": self.port}})["id"]
        with self.assertRaises(harness.bench.RestError) as taken:
            rest.post(f"/network-components/{second}/enable")
        self.assertEqual(409, taken.exception.status)
        form = next(t for t in rest.get("/network-types")["items"] if t["id"] == "udp")
        texts = form["schema"]["i18n"]
        self.assertEqual("开启DTLS", texts["zh-CN"]["/secure"])
        self.assertEqual("Enable DTLS", texts["en"]["/secure"])
        for name in form["schema"]["properties"]:
            for locale in ("zh-CN", "en"):
                self.assertIn("/" + name, texts[locale])
        with self.assertRaises(harness.bench.RestError) as wrong:
            self.server.component("udp", 1, secure=True)
        self.assertEqual(400, wrong.exception.status)
        self.assertIn("certificateId", str(wrong.exception))
        provider = [p for p in rest.get("/gateway-providers")["items"] if p["id"] == "udp-gateway"]
        self.assertEqual("UDP", provider[0]["transport"])


if __name__ == "__main__":
    harness.main()
