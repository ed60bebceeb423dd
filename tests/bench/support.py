# SPDX-License-Identifier: Apache-2.0
"""Servers under test, for the benchmark and the power-cut test: start, stop, set up over REST."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

PROTOCOL = "jetlinks.v3"
SECURE_ID = "bench"
SECURE_KEY = "bench-key"
BEARER = "bench-token"
PASSWORD = "Bench-Password-1"
START_SECONDS = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, seconds=START_SECONDS):
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise SystemExit(f"nothing listens on port {port} after {seconds} s")
            time.sleep(0.02)


class RestError(Exception):
    def __init__(self, status, text):
        super().__init__(f"HTTP {status}: {text[:500]}")
        self.status = status


class Rest:
    """The REST API over one kept-alive connection."""

    def __init__(self, port, token=None):
        self.port = port
        self.token = token
        self.connection = None

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        data = None if body is None else json.dumps(body)
        for attempt in (0, 1):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                                 timeout=60)
                self.connection.request(method, "/api/v1" + path, data, headers)
                response = self.connection.getresponse()
                text = response.read().decode()
                break
            except (http.client.HTTPException, OSError):
                # The server closes connections that rest; once is not a fault.
                self.connection = None
                if attempt:
                    raise
        if response.status >= 300:
            raise RestError(response.status, f"{method} {path}: {text}")
        return json.loads(text) if text else None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, {} if body is None else body)


class Mosquitto:
    """Debian's mosquitto: authenticates, decodes and stores nothing."""
    name = "mosquitto"

    def __init__(self, folder, core=None):
        self.folder = folder
        self.core = core
        self.port = free_port()
        self.process = None

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        conf = os.path.join(self.folder, "mosquitto.conf")
        with open(conf, "w") as f:
            f.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                    "log_type error\nmax_connections -1\n")
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        if program is None:
            raise SystemExit("mosquitto is not installed (package mosquitto)")
        self.process = subprocess.Popen(pinned(self.core) + [program, "-c", conf],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_port(self.port)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def load_arguments(self):
        return ["--port", str(self.port), "--topic", "/bench/{id}/properties/report"]

    @staticmethod
    def version():
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        text = subprocess.run([program, "-h"], capture_output=True, text=True).stdout
        return text.splitlines()[0] if text else "unknown"


class Fairlead:
    """The server of a build folder with a data folder of its own."""
    name = "fairlead"

    def __init__(self, build, folder, core=None, settings=None):
        self.build = os.path.abspath(build)
        self.folder = os.path.abspath(folder)
        self.core = core
        self.settings = dict(settings or {})
        self.port = free_port()
        self.http_port = free_port()
        self.process = None
        self.token = None
        self.web_port = None
        self.password = None
        self.log_path = os.path.join(self.folder, "server.log")

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    def start(self, env=None):
        os.makedirs(self.data, exist_ok=True)
        command = pinned(self.core) + [
            os.path.join(self.build, "bin", "fairlead"), "--plugins",
            os.path.join(self.build, "plugins")]
        settings = {"data.directory": self.data, "web.port": "0", "web.address": "127.0.0.1",
                    "quickstart.enabled": "false", "log.level": "warning", **self.settings}
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True,
                                        cwd=self.folder, env={**os.environ, **(env or {})})
        log.close()
        self._read_announcement()

    def _read_announcement(self):
        until = time.monotonic() + START_SECONDS
        self.web_port = None
        for line in self.process.stdout:
            port = re.search(r"Admin page\s+https?://127\.0\.0\.1:(\d+)", line)
            password = re.search(r"Password\s+(\S+)", line)
            if password:
                self.password = password.group(1)
            if port:
                self.web_port = int(port.group(1))
            elif self.web_port and not line.strip():
                break
            if time.monotonic() > until:
                break
        if self.web_port is None:
            with open(self.log_path, errors="replace") as f:
                tail = f.read()[-2000:]
            raise SystemExit(f"fairlead did not start:\n{tail}")

    @property
    def pid(self):
        return self.process.pid

    def rest(self):
        if self.token is None:
            rest = Rest(self.web_port)
            login = rest.post("/auth/login", {"username": "admin", "password": self.password})
            rest.token = login["token"]
            rest.post("/auth/password",
                      {"currentPassword": self.password, "newPassword": PASSWORD})
            self.password = PASSWORD
            login = Rest(self.web_port).post("/auth/login",
                                             {"username": "admin", "password": PASSWORD})
            rest.token = login["token"]
            made = rest.post("/api-tokens", {"name": "bench", "roles": ["administrator"]})
            self.token = made["token"]
        return Rest(self.web_port, self.token)

    def set_up(self, devices, web_devices=0):
        """Product "bench" with devices bench0… behind an MQTT gateway, and, when wanted, product
        "web" with devices web0… behind an HTTP gateway."""
        rest = self.rest()
        self.product(rest, "bench", self.access(rest, "mqtt-server", self.port), devices)
        if web_devices:
            self.product(rest, "web", self.access(rest, "http-server", self.http_port),
                         web_devices)
        wait_port(self.port)

    @staticmethod
    def product(rest, name, gateway, devices):
        number = {"type": "double"}
        rest.post("/products", {
            "id": name, "name": name, "gatewayId": gateway, "deviceKind": "device",
            "configuration": {"secureId": SECURE_ID, "secureKey": SECURE_KEY,
                              "bearer_token": BEARER},
            "thingModel": {"properties": [
                prop("n", {"type": "long"}), prop("t", number), prop("h", number),
                prop("k", {"type": "int"}), prop("s", {"type": "string"})],
                "functions": [], "events": [], "tags": []}})
        rest.post(f"/products/{name}/publish")
        for i in range(devices):
            rest.post("/devices", {"id": f"{name}{i}", "name": f"{name}{i}", "productId": name})
            rest.post(f"/devices/{name}{i}/activate")

    @staticmethod
    def access(rest, kind, port):
        protocol = next(p["id"] for p in rest.get("/protocols")["items"]
                        if p["protocol"] == PROTOCOL)
        component = rest.post("/network-components", {
            "name": kind, "type": kind, "cluster": "shared",
            "configuration": {"host": "0.0.0.0", "port": port, "publicHost": "127.0.0.1",
                              "publicPort": port, "secure": False}})
        rest.post(f"/network-components/{component['id']}/enable")
        gateway = rest.post("/gateways", {
            "name": kind, "provider": kind + "-gateway", "networkComponentId": component["id"],
            "protocolId": protocol})
        rest.post(f"/gateways/{gateway['id']}/enable")
        return gateway["id"]

    def quiet(self, seconds=60):
        """Waits until the journal is in the history; returns whether it is."""
        until = time.monotonic() + seconds
        rest = self.rest()
        while time.monotonic() < until:
            if rest.get("/system")["journal"]["lagMessages"] == 0:
                return True
            time.sleep(0.2)
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            code = self.process.wait(60)
            self.process.stdout.close()
            self.process = None
            return code
        return None

    def load_arguments(self):
        return ["--port", str(self.port), "--topic", "/bench/{id}/properties/report",
                "--auth", f"official:{SECURE_ID}:{SECURE_KEY}"]


def prop(name, value_type):
    return {"id": name, "name": name, "valueType": value_type,
            "expands": {"source": "device", "type": ["read", "write", "report"]}}


def pinned(core):
    return [] if core is None else ["taskset", "-c", str(core)]
