# SPDX-License-Identifier: Apache-2.0
"""What the integration tests share: the real server, Debian's clients, and waiting for what is so."""
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
import support as bench  # noqa: E402  tests/bench: starts servers, REST

free_port = bench.free_port
BUILD = os.environ.get("FAIRLEAD_BUILD", os.path.join(ROOT, "build", "dev"))
SANITIZED = bool(os.environ.get("FAIRLEAD_SANITIZED"))
# Variables that begin with FAIRLEAD_ are settings to the server; those of the tests are none.
for variable in [name for name in os.environ if name.startswith("FAIRLEAD_")]:
    del os.environ[variable]
PROTOCOL = "jetlinks-v3"
# Sanitized servers are many times slower, and several tests share the machine.
PATIENCE = 60
CLIENT_SECONDS = 60


class Server(bench.Fairlead):
    """A server with a data folder of its own; what it announced is in `announcement`."""

    def __init__(self, folder, settings=None, quickstart=False):
        super().__init__(BUILD, folder, settings={
            "quickstart.enabled": "true" if quickstart else "false",
            "log.level": "information", **(settings or {})})
        self.announcement = ""
        self.kept = None

    def rest(self):
        """One kept connection; a restarted server has another port."""
        if self.kept is None or self.kept.port != self.web_port:
            self.kept = super().rest()
        return self.kept

    def _read_announcement(self):
        self.web_port = None
        text = ""
        for line in self.process.stdout:
            text += line
            # The block ends with an empty line; of a quickstart the last command comes before it.
            done = "nc -q1" in text if self.settings["quickstart.enabled"] == "true" and \
                not self.announcement else re.search(r"Admin page", text)
            if done and not line.strip():
                break
        found = re.search(r"Admin page\s+https?://127\.0\.0\.1:(\d+)", text)
        if found is None:
            raise AssertionError(f"fairlead did not start:\n{text}{self.log()}")
        self.web_port = int(found.group(1))
        password = re.search(r"Password\s+(\S+)", text)
        if password:
            self.password = password.group(1)
        self.announcement = self.announcement or text

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()[-4000:]

    def metric(self, name, **labels):
        """Sum of all samples of a metric that carry these labels; None when there is none."""
        total = None
        for line in get(self.web_port, "/metrics").splitlines():
            sample = re.match(r"([a-z_:]+)(?:\{(.*)\})? (\S+)$", line)
            if not sample or sample.group(1) != name:
                continue
            has = dict(re.findall(r'(\w+)="([^"]*)"', sample.group(2) or ""))
            if labels.items() <= has.items():
                total = (total or 0) + float(sample.group(3))
        return total

    def component(self, kind, port, **configuration):
        """A network component of this type, not enabled."""
        return self.rest().post("/network-components", {
            "name": f"{kind} {port}", "type": kind, "cluster": "shared",
            "configuration": {"host": "0.0.0.0", "port": port, "publicHost": "127.0.0.1",
                              "publicPort": port, "secure": False, **configuration}})["id"]

    def gateway(self, kind, port, **configuration):
        """A running gateway over a new component; its id."""
        component = self.component(kind, port, **configuration)
        rest = self.rest()
        rest.post(f"/network-components/{component}/enable")
        gateway = rest.post("/gateways", {
            "name": f"{kind} {port}", "provider": f"{kind}-gateway",
            "networkComponentId": component, "protocolId": PROTOCOL})["id"]
        rest.post(f"/gateways/{gateway}/enable")
        return gateway

    def devices(self, product, gateway, names):
        """A published product with active devices; without a gateway they may use any."""
        rest = self.rest()
        rest.post("/products", {
            "id": product, "name": product, "gatewayId": gateway, "deviceKind": "device",
            "protocolId": None if gateway else PROTOCOL,
            "configuration": {"secureId": "id", "secureKey": "key", "bearer_token": "token"},
            "thingModel": {
                "properties": [bench.prop("temperature", {"type": "double"}),
                               bench.prop("number", {"type": "long"})],
                "functions": [{"id": "add", "name": "add", "async": False, "inputs": [
                    {"id": "a", "name": "a", "valueType": {"type": "int"}},
                    {"id": "b", "name": "b", "valueType": {"type": "int"}}],
                    "output": {"type": "int"}}],
                "events": [], "tags": []}})
        rest.post(f"/products/{product}/publish")
        for name in names:
            rest.post("/devices", {"id": name, "name": name, "productId": product})
            rest.post(f"/devices/{name}/activate")

    def value(self, device, name):
        for item in self.rest().get(f"/devices/{device}/properties")["items"]:
            if item["id"] == name:
                return item["value"]
        return None

    def state(self, device):
        return self.rest().get(f"/devices/{device}")["state"]

    def history(self, device, name):
        path = f"/devices/{device}/properties/{name}/history?order=asc&limit=1000"
        return [item["value"] for item in self.rest().get(path)["items"]]


class Case(unittest.TestCase):
    """Gives each test a folder; stops what the test started."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="fairlead-it-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def start(self, settings=None, quickstart=False, name="server"):
        server = Server(os.path.join(self.folder, name), settings, quickstart)
        os.makedirs(server.folder, exist_ok=True)
        server.start()
        self.addCleanup(self._end, server)
        return server

    def _end(self, server):
        if server.process is not None:
            code = server.stop()
            self.assertEqual(0, code, "the server did not end in order:\n" + server.log())

    def eventually(self, expected, read, message=""):
        """Waits until read() is what is expected."""
        until = time.monotonic() + PATIENCE
        while True:
            found = read()
            if found == expected:
                return
            if time.monotonic() > until:
                self.fail(f"{message} still {found!r} instead of {expected!r}")
            time.sleep(0.02)

    def until(self, holds, message):
        self.eventually(True, lambda: bool(holds()), message)


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def run(*command, **options):
    """A client's run: exit code and what it said."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=CLIENT_SECONDS, errors="replace", **options)
    return done


def bash(line):
    return run("bash", "-c", line)


def login(key="key", secure_id="id"):
    """User name and password of the official protocol over MQTT."""
    user = f"{secure_id}|{int(time.time() * 1000)}"
    return user, hashlib.md5(f"{user}|{key}".encode()).hexdigest()


def publish(port, product, device, properties, *more, key="key"):
    user, password = login(key)
    return run("mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-i", device, "-u", user, "-P",
               password, "-t", f"/{product}/{device}/properties/report", "-m",
               json.dumps({"properties": properties}), *more)


def post(port, product, device, properties, *more, scheme="http", token="token"):
    """The same with curl; the answer's status code is the last line."""
    return run("curl", "-sS", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {token}", "-H",
               "Content-Type: application/json", "-d", json.dumps({"properties": properties}),
               *more, f"{scheme}://127.0.0.1:{port}/{product}/{device}/properties/report")


# Binary frames of the official protocol: length, type, time, sequence, device, body.
TCP_ONLINE, TCP_ACK, TCP_REPORT = 1, 2, 3
ACK_OK, ACK_NO_AUTH = 0, 1


def text16(text):
    return struct.pack(">H", len(text.encode())) + text.encode()


def frame(kind, sequence, device, body):
    inner = struct.pack(">BQH", kind, 0, sequence) + text16(device) + body
    return struct.pack(">I", len(inner)) + inner


def tcp_login(device, key="key", sequence=1):
    return frame(TCP_ONLINE, sequence, device, text16(key))


def tcp_report(device, name, value, sequence=2):
    body = struct.pack(">H", 1) + text16(name) + b"\x0a" + struct.pack(">d", value)
    return frame(TCP_REPORT, sequence, device, body)


def tcp_ack(device, code=ACK_OK):
    return frame(TCP_ACK, 1, device, bytes([code]))


TCP_KEEPALIVE = struct.pack(">IB", 1, 0)


def read_exactly(stream, count):
    data = b""
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            raise EOFError(f"closed after {len(data)} of {count} bytes")
        data += part
    return data


def read_frame(stream):
    """Type and body of the next frame, the body without time, sequence and device."""
    inner = read_exactly(stream, struct.unpack(">I", read_exactly(stream, 4))[0])
    at = 11 + 2 + struct.unpack(">H", inner[11:13])[0]
    return inner[0], inner[at:]


def connect(port):
    stream = socket.create_connection(("127.0.0.1", port), PATIENCE)
    stream.settimeout(PATIENCE)
    return stream


def closed(stream):
    """True when the other side ends the connection; what it says before is thrown away."""
    try:
        while stream.recv(65536):
            pass
        return True
    except ConnectionResetError:
        return True


def main():
    unittest.main(module="__main__", verbosity=2, warnings="ignore")
