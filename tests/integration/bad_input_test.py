#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Malformed, endless, half-open and slow: closed, counted, and no trouble to the others."""
import json
import socket
import struct
import subprocess

import harness

FRAMES = {"parserType": "LENGTH_FIELD",
          "parserConfiguration": {"offset": 0, "length": 4, "little": False}}
LOGIN_SECONDS = 3


def text(value):
    return struct.pack(">H", len(value.encode())) + value.encode()


def packet(kind, body):
    length, size = b"", len(body)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


def connect_packet(device, key="key", keep_alive=60):
    user, password = harness.login(key)
    return packet(0x10, text("MQTT") + b"\x04\xc2" + struct.pack(">H", keep_alive) + text(device) +
                  text(user) + text(password))


class BadInput(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start({"network.loginSeconds": str(LOGIN_SECONDS),
                                  "network.outputBytesMax": "65536"})
        self.ports = {kind: harness.free_port()
                      for kind in ("mqtt-server", "http-server", "tcp-server")}
        for kind, port in self.ports.items():
            self.server.gateway(kind, port, **(FRAMES if kind == "tcp-server" else {}))
        self.server.devices("p", None, ["d1", "d2"])
        self.ids = {c["type"]: c["id"]
                    for c in self.server.rest().get("/network-components")["items"]}

    def counted(self, kind):
        """What the component refused or found wrong so far."""
        return sum(self.server.metric(name, component=self.ids[kind]) or 0
                   for name in ("fairlead_network_errors", "fairlead_network_refused"))

    def is_closed(self, kind, *parts):
        before = self.counted(kind)
        with harness.connect(self.ports[kind]) as stream:
            try:
                for part in parts:
                    stream.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass  # closed while we still wrote
            else:
                self.assertTrue(harness.closed(stream))
        self.until(lambda: self.counted(kind) > before, f"{kind}: {parts[0][:20]!r} is not counted")

    def works(self, value):
        """Another device is not touched by any of it."""
        done = harness.publish(self.ports["mqtt-server"], "p", "d2", {"number": value}, "-q", 1)
        self.assertEqual(0, done.returncode, done.stderr)
        self.eventually(value, lambda: self.server.value("d2", "number"))

    def logged_in(self, device="d1", keep_alive=60):
        stream = harness.connect(self.ports["mqtt-server"])
        self.addCleanup(stream.close)
        stream.sendall(connect_packet(device, keep_alive=keep_alive))
        self.assertEqual(b"\x20\x02\x00\x00", harness.read_exactly(stream, 4))
        return stream

    def test_malformed_mqtt(self):
        kind = "mqtt-server"
        self.is_closed(kind, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.is_closed(kind, b"\x10\xff\xff\xff\xff\xff")  # a length of five bytes
        self.is_closed(kind, packet(0x10, text("MQTT")))  # ends too early
        self.is_closed(kind, packet(0x30, text("/p/d1/properties/report") + b"{}"))  # no log-in
        for wrong in (b"\x36" + b"\x02\x00\x00",  # QoS 3
                      packet(0x32, text("/p/#/x") + b"\0\1{}"),  # wildcard in a topic
                      packet(0x82, b"\0\1"),  # subscribes to nothing
                      packet(0x32, text("a\0b") + b"\0\1{}"),
                      packet(0x10, text("MQTT") + b"\x04\x02\0\0" + text("d1"))):  # logs in twice
            before = self.counted(kind)
            stream = self.logged_in()
            stream.sendall(wrong)
            self.assertTrue(harness.closed(stream), wrong)
            self.until(lambda b=before: self.counted(kind) > b, f"{wrong!r} is not counted")
        self.works(1)

    def test_malformed_http(self):
        kind = "http-server"
        for wrong in (b"NONSENSE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                      b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                      b"POST / HTTP/1.1\r\n" + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n",
                      b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"):
            self.is_closed(kind, wrong)
        before = self.counted(kind)
        done = harness.run("curl", "-sS", "-w", "%{http_code}", "-H", "Authorization: Bearer token",
                           "-H", "Content-Type: application/json", "-d", "{not json",
                           f"http://127.0.0.1:{self.ports[kind]}/p/d1/properties/report")
        # The status is that of the original protocol, on which devices may rely.
        self.assertRegex(done.stdout, r"request_body_format_error.*500$")
        done = harness.post(self.ports[kind], "p", "d1", {}, "-X", "PUT")
        self.assertEqual("405", done.stdout.splitlines()[-1])
        self.until(lambda: self.counted(kind) > before, "a broken body is not counted")
        self.works(2)

    def test_malformed_tcp(self):
        kind = "tcp-server"
        self.is_closed(kind, b"\xff\xff\xff\xff")  # longer than any frame may be
        before = self.counted(kind)
        with harness.connect(self.ports[kind]) as stream:
            cut = struct.pack(">H", 1) + text("temperature") + b"\x0a\x40"  # a double of one byte
            stream.sendall(harness.tcp_login("d1") +
                           harness.frame(harness.TCP_REPORT, 2, "d1", cut))
            self.assertEqual(harness.TCP_ACK, harness.read_frame(stream)[0])
            self.until(lambda: self.counted(kind) > before, "a broken report is not counted")
            # The session goes on: the frame had its length right.
            stream.sendall(harness.tcp_report("d1", "temperature", 5))
            self.eventually(5, lambda: self.server.value("d1", "temperature"))
        # More properties than a message may have: passing a limit ends the connection.
        self.is_closed(kind, harness.tcp_login("d1") +
                       harness.frame(harness.TCP_REPORT, 2, "d1", b"\xff\xff\x00"))
        self.works(3)

    def test_wrong_content_is_logged_at_a_limited_rate(self):
        stream = self.logged_in()
        wrong = packet(0x30, text("/p/d1/properties/report") + b"{not json")
        stream.sendall(wrong * 2000)
        stream.sendall(packet(0x32, text("/p/d1/properties/report") + b"\0\7" +
                              json.dumps({"properties": {"number": 9}}).encode()))
        self.assertEqual(b"\x40\x02\0\7", harness.read_exactly(stream, 4))
        self.eventually(9, lambda: self.server.value("d1", "number"))
        self.assertGreaterEqual(self.counted("mqtt-server"), 2000)
        with open(self.server.log_path) as f:
            self.assertLess(f.read().count("\n"), 200, "2000 bad messages filled the log")

    def test_too_large(self):
        kind = "mqtt-server"
        before = self.counted(kind)
        stream = self.logged_in()
        try:
            stream.sendall(packet(0x32, text("/p/d1/properties/report") + b"\0\1" +
                                  b"x" * (2 << 20)))
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertTrue(harness.closed(stream))
        self.until(lambda: self.counted(kind) > before, "an oversize message is not counted")
        done = harness.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                           "Authorization: Bearer token", "--data-binary", "@-",
                           f"http://127.0.0.1:{self.ports['http-server']}/p/d1/properties/report",
                           input="x" * (2 << 20))
        self.assertEqual("413", done.stdout, done.stderr)
        self.works(4)

    def test_who_says_nothing_is_closed(self):
        streams = [harness.connect(port) for port in self.ports.values()]
        streams.append(harness.connect(self.ports["mqtt-server"]))
        streams[-1].sendall(connect_packet("d1")[:10])  # half a log-in
        for stream in streams:
            self.assertTrue(harness.closed(stream))
            stream.close()

    def test_half_open(self):
        """Nothing comes any more, without an end: the keep-alive finds out."""
        stream = self.logged_in(keep_alive=1)
        self.eventually("online", lambda: self.server.state("d1"))
        self.assertTrue(harness.closed(stream))
        self.eventually("offline", lambda: self.server.state("d1"))

    def test_taken_over(self):
        old = self.logged_in()
        self.eventually("online", lambda: self.server.state("d1"))
        new = self.logged_in()
        self.assertTrue(harness.closed(old))
        new.sendall(b"\xc0\0")
        self.assertEqual(b"\xd0\0", harness.read_exactly(new, 2))
        self.assertEqual("online", self.server.state("d1"))

    def test_slow_reader(self):
        """A device that is sent much and reads nothing is cut off; memory stays where it was."""
        stream = socket.socket()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.settimeout(harness.PATIENCE)
        stream.connect(("127.0.0.1", self.ports["mqtt-server"]))
        self.addCleanup(stream.close)
        stream.sendall(connect_packet("d1"))
        self.assertEqual(b"\x20\x02\x00\x00", harness.read_exactly(stream, 4))
        stream.setblocking(False)
        pings = b"\xc0\0" * 50_000
        before = self.counted("mqtt-server")
        sent = 0
        while self.counted("mqtt-server") == before:
            try:
                sent += stream.send(pings)
            except BlockingIOError:
                # The server stopped reading instead: that bounds it too.
                break
            except (BrokenPipeError, ConnectionResetError):
                break
            self.assertLess(sent, 64 << 20, "it takes pings without end")
        with open(f"/proc/{self.server.pid}/status") as f:
            resident = int(next(line for line in f if line.startswith("VmRSS")).split()[1])
        if not harness.SANITIZED:
            self.assertLess(resident, 400_000)
        self.works(5)

    def test_closed_by_a_reset(self):
        stream = self.logged_in()
        self.eventually("online", lambda: self.server.state("d1"))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
        self.eventually("offline", lambda: self.server.state("d1"))

    def test_noise(self):
        """Many at once that send what is nothing at all."""
        noise = [subprocess.Popen(["bash", "-c", f"head -c 200000 /dev/urandom >/dev/tcp/127.0.0.1/{port}"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                 for port in self.ports.values() for _ in range(10)]
        for process in noise:
            process.wait(harness.PATIENCE)
        self.works(6)
        self.eventually(0, lambda: self.server.metric("fairlead_network_connections"))


if __name__ == "__main__":
    harness.main()
