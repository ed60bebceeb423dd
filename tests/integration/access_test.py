#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices come in over MQTT, HTTP and TCP, plain and with TLS, take commands, and are refused."""
import json
import os
import subprocess
import threading

import harness

KINDS = ("mqtt-server", "http-server", "tcp-server")
FRAMES = {"parserType": "LENGTH_FIELD",
          "parserConfiguration": {"offset": 0, "length": 4, "little": False}}


class Access(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.ports = {kind: harness.free_port() for kind in KINDS}

    def open(self, **configuration):
        for kind, port in self.ports.items():
            more = FRAMES if kind == "tcp-server" else {}
            self.server.gateway(kind, port, **more, **configuration)
        # Not tied to one gateway, so that a device may come in through each.
        self.server.devices("p", None, ["d1", "d2"])
        self.mqtt, self.http, self.tcp = (self.ports[kind] for kind in KINDS)

    def refusals(self):
        rest = self.server.rest()
        return {g["provider"]: g["counters"]["rejected"] for g in rest.get("/gateways")["items"]}

    def test_wrong_credentials(self):
        self.open()
        value = {"temperature": 1}
        done = harness.publish(self.mqtt, "p", "d1", value, "-q", 1, key="wrong")
        self.assertIn(done.returncode, (4, 5), done.stderr)
        done = harness.publish(self.mqtt, "p", "d1", value, "-q", 1, "-V", "5", key="wrong")
        self.assertRegex(done.stderr, r"(?i)not authori|bad user")
        done = harness.publish(self.mqtt, "p", "nobody", value, "-q", 1)
        self.assertIn(done.returncode, (2, 4, 5), done.stderr)
        done = harness.run("mosquitto_pub", "-p", self.mqtt, "-i", "d1", "-t", "/p/d1/x", "-m", "x")
        self.assertIn(done.returncode, (4, 5), done.stderr)
        for token in ("wrong", ""):
            done = harness.post(self.http, "p", "d1", value, token=token)
            self.assertEqual("401", done.stdout.splitlines()[-1], done.stdout)
        with harness.connect(self.tcp) as stream:
            stream.sendall(harness.tcp_login("d1", key="wrong"))
            self.assertEqual((harness.TCP_ACK, bytes([harness.ACK_NO_AUTH])),
                             harness.read_frame(stream))
            self.assertTrue(harness.closed(stream))
        with harness.connect(self.tcp) as stream:
            stream.sendall(harness.tcp_login("nobody"))
            self.assertTrue(harness.closed(stream))
        with harness.connect(self.tcp) as stream:
            stream.sendall(harness.TCP_KEEPALIVE + harness.tcp_login("d1"))
            self.assertEqual((harness.TCP_ACK, bytes([harness.ACK_OK])), harness.read_frame(stream))
        self.eventually([], lambda: self.server.history("d1", "temperature"))
        self.until(lambda: all(count > 0 for count in self.refusals().values()),
                   f"refusals are not counted: {self.refusals()}")

    def test_another_devices_topic(self):
        self.open()
        user, password = harness.login()
        harness.run("mosquitto_pub", "-p", self.mqtt, "-i", "d1", "-u", user, "-P", password, "-q",
                    1, "-t", "/p/d2/properties/report", "-m", '{"properties":{"temperature":9}}')
        self.assertEqual(0, harness.publish(self.mqtt, "p", "d1", {"temperature": 1}, "-q",
                                            1).returncode)
        self.eventually([1], lambda: self.server.history("d1", "temperature"))
        self.assertEqual([], self.server.history("d2", "temperature"))

    def test_commands(self):
        """mosquitto_sub is the device's session and takes the commands; it cannot publish, so the
        answers go in over HTTP."""
        self.open()
        user, password = harness.login()
        device = subprocess.Popen(
            ["mosquitto_sub", "-p", str(self.mqtt), "-i", "d1", "-u", user, "-P", password, "-t",
             "/p/d1/#", "-F", "%t %p"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(device.stdout.close)
        self.addCleanup(device.wait)
        self.addCleanup(device.kill)
        self.eventually("online", lambda: self.server.state("d1"))
        reply = self.command(device, "/properties/write", "/devices/d1/properties/write",
                             {"properties": {"temperature": 7.5}},
                             lambda m: {"properties": m["properties"]})
        self.assertTrue(reply["success"], reply)
        self.eventually(7.5, lambda: self.server.value("d1", "temperature"))
        reply = self.command(device, "/properties/read", "/devices/d1/properties/read",
                             {"properties": ["temperature"]},
                             lambda m: {"properties": {name: 8.5 for name in m["properties"]}})
        self.assertEqual({"temperature": 8.5}, reply["properties"])
        reply = self.command(device, "/function/invoke", "/devices/d1/functions/add/invoke",
                             {"inputs": {"a": 2, "b": 3}},
                             lambda m: {"output": sum(i["value"] for i in m["inputs"])})
        self.assertEqual(5, reply["output"])
        reply = self.command(device, "/properties/write", "/devices/d1/properties/write",
                             {"properties": {"temperature": 1}},
                             lambda m: {"success": False, "code": "STUCK", "message": "it sticks"})
        self.assertEqual((False, "STUCK"), (reply["success"], reply["code"]))
        with self.assertRaises(harness.bench.RestError) as late:
            self.server.rest().post("/devices/d1/properties/write",
                                    {"properties": {"temperature": 1}, "timeoutSeconds": 1})
        self.assertEqual(504, late.exception.status)
        self.assertIn("TIME_OUT", str(late.exception))
        with self.assertRaises(harness.bench.RestError) as gone:
            self.server.rest().post("/devices/d2/properties/write",
                                    {"properties": {"temperature": 1}})
        self.assertEqual(409, gone.exception.status)
        self.assertIn("CLIENT_OFFLINE", str(gone.exception))

    def command(self, device, topic, path, body, answer):
        """Sends a command through the API; the device answers with what answer() says."""
        outcome = []

        def send():
            rest = harness.bench.Rest(self.server.web_port, self.server.token)
            outcome.append(rest.post(path, {**body, "timeoutSeconds": harness.PATIENCE}))

        caller = threading.Thread(target=send)
        caller.start()
        got, payload = device.stdout.readline().split(" ", 1)
        self.assertEqual("/p/d1" + topic, got)
        message = json.loads(payload)
        done = harness.run(
            "curl", "-sS", "-f", "-H", "Authorization: Bearer token", "-H",
            "Content-Type: application/json", "-d",
            json.dumps({"messageId": message["messageId"], "success": True, **answer(message)}),
            f"http://127.0.0.1:{self.http}/p/d1{topic}/reply")
        self.assertEqual(0, done.returncode, done.stderr)
        caller.join()
        return outcome[0]

    def test_tls(self):
        rest = self.server.rest()
        certificate = rest.post("/certificates/development",
                                {"name": "tls", "hosts": ["127.0.0.1", "localhost"]})
        authority = os.path.join(self.folder, "ca.pem")
        with open(authority, "w") as f:
            f.write(rest.get(f"/certificates/{certificate['id']}")["chain"])
        self.open(secure=True, certificateId=certificate["id"])
        done = harness.publish(self.mqtt, "p", "d1", {"temperature": 1}, "-q", 1, "--cafile",
                               authority)
        self.assertEqual(0, done.returncode, done.stderr)
        done = harness.post(self.http, "p", "d1", {"temperature": 2}, "--cacert", authority,
                            scheme="https")
        self.assertEqual("200", done.stdout.splitlines()[-1], done.stderr)
        frames = harness.tcp_login("d1") + harness.tcp_report("d1", "temperature", 3)
        done = subprocess.Popen(
            ["openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", authority,
             "-connect", f"127.0.0.1:{self.tcp}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        done.stdin.write(frames)
        done.stdin.flush()
        self.eventually([1, 2, 3], lambda: self.server.history("d1", "temperature"))
        self.assertEqual(harness.ACK_OK, done.stdout.read(len(harness.tcp_ack("d1")))[-1])
        done.kill()
        done.communicate()
        # Nobody gets in without TLS, nor with a certificate that is not the server's.
        done = harness.publish(self.mqtt, "p", "d1", {"temperature": 4}, "-q", 1)
        self.assertNotEqual(0, done.returncode)
        done = harness.post(self.http, "p", "d1", {"temperature": 4}, scheme="https")
        self.assertNotEqual(0, done.returncode)
        with self.assertRaises(harness.bench.RestError) as used:
            rest.call("DELETE", f"/certificates/{certificate['id']}")
        self.assertEqual(409, used.exception.status)


if __name__ == "__main__":
    harness.main()
