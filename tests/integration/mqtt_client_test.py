#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices behind a broker: Debian's mosquitto, killed and restarted, with TLS, shared subscriptions
and wrong passwords."""
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import harness


class Broker:
    """A mosquitto that keeps its sessions on the disk with every change, so that it may be killed."""

    def __init__(self, folder, *lines):
        os.makedirs(folder, exist_ok=True)
        self.port = harness.free_port()
        self.conf = os.path.join(folder, "mosquitto.conf")
        with open(self.conf, "w") as f:
            f.write("\n".join([
                f"listener {self.port} 127.0.0.1", "persistence true",
                f"persistence_location {folder}/", "autosave_on_changes true",
                "autosave_interval 1", "max_queued_messages 100000",
                "user " + ("root" if os.getuid() == 0 else os.environ.get("USER", "nobody")),
                *(lines or ("allow_anonymous true",))]) + "\n")
        self.process = None

    def start(self):
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen([program, "-c", self.conf], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        harness.bench.wait_port(self.port)

    def stop(self, with_signal=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(with_signal)
            self.process.wait()
            self.process = None

    def publish(self, topic, payload, *more):
        done = harness.run("mosquitto_pub", "-p", self.port, "-q", 1, "-t", topic, "-m", payload,
                           *more)
        if done.returncode:
            raise AssertionError(done.stderr)


class MqttClient(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()

    def broker(self, *lines):
        broker = Broker(os.path.join(self.folder, "broker"), *lines)
        broker.start()
        self.addCleanup(broker.stop)
        return broker

    def bridge(self, broker, **configuration):
        """A running gateway over a client of the broker; the component's id."""
        rest = self.server.rest()
        component = rest.post("/network-components", {
            "name": f"broker {broker.port}", "type": "mqtt-client", "cluster": "shared",
            "configuration": {"remoteHost": "127.0.0.1", "remotePort": broker.port,
                              "clientId": "fairlead", **configuration}})["id"]
        rest.post(f"/network-components/{component}/enable")
        gateway = rest.post("/gateways", {
            "name": "bridge", "provider": "mqtt-client-gateway",
            "networkComponentId": component, "protocolId": harness.PROTOCOL})["id"]
        rest.post(f"/gateways/{gateway}/enable")
        self.server.devices("p", gateway, ["d1", "d2"])
        return component

    def component(self, component):
        return self.server.rest().get(f"/network-components/{component}")

    def target(self, component):
        return self.component(component)["targets"][0]

    def connected(self, component):
        self.eventually("connected", lambda: self.target(component)["state"],
                        str(self.target(component)))

    def numbers(self, device="d1"):
        """QoS 1 may repeat, but must not lose."""
        return sorted(set(self.server.history(device, "number")))

    @staticmethod
    def number(n):
        return json.dumps({"properties": {"number": n}})

    def test_nothing_is_lost(self):
        broker = self.broker()
        component = self.bridge(broker)
        self.connected(component)
        self.eventually("offline", lambda: self.server.state("d1"))
        for n in range(10):
            broker.publish("/p/d1/properties/report", self.number(n))
        self.eventually(list(range(10)), self.numbers)
        self.assertEqual("online", self.server.state("d1"))
        self.assertEqual("offline", self.server.state("d2"))
        # What is not of a device with this gateway is acknowledged and counted, nothing more.
        broker.publish("/p/nobody/properties/report", self.number(99))
        broker.publish("/p/d1/event/unknown/more", "no JSON")
        broker.stop(signal.SIGKILL)
        self.until(lambda: self.target(component)["state"] == "waiting", "the outage is not seen")
        self.assertTrue(self.target(component)["lastError"])
        self.assertEqual("running", self.component(component)["runState"])
        # The device is as it was: the broker is away, not the device.
        self.assertEqual("online", self.server.state("d1"))
        with self.assertRaises(harness.bench.RestError) as down:
            self.server.rest().post("/devices/d1/properties/write",
                                    {"properties": {"temperature": 1}})
        self.assertIn(down.exception.status, (409, 502, 503, 504), str(down.exception))
        broker.start()
        for n in range(10, 20):
            broker.publish("/p/d1/properties/report", self.number(n))
        self.connected(component)
        self.eventually(list(range(20)), self.numbers)
        # And the other way: the server is away, the broker keeps its session.
        self.server.stop()
        for n in range(20, 30):
            broker.publish("/p/d2/properties/report", self.number(n), "-q", 2)
        self.server.start()
        self.connected(component)
        self.eventually(list(range(20, 30)), lambda: self.server.history("d2", "number"))
        self.eventually("online", lambda: self.server.state("d2"))

    def test_server_is_killed(self):
        broker = self.broker()
        component = self.bridge(broker, qos=2)
        self.connected(component)
        done = threading.Event()

        def publish():
            for n in range(60):
                broker.publish("/p/d1/properties/report", self.number(n), "-q", "2")
            done.set()

        publisher = threading.Thread(target=publish)
        publisher.start()
        self.until(lambda: len(self.numbers()) > 10, "nothing arrives")
        self.server.kill()
        self.server.start()
        publisher.join()
        self.assertTrue(done.is_set())
        # Exactly once, across the crash.
        self.eventually(list(range(60)), lambda: sorted(self.server.history("d1", "number")))

    def test_commands(self):
        broker = self.broker()
        component = self.bridge(broker, version="5.0")
        self.connected(component)
        device = subprocess.Popen(
            ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-t", "/p/d1/properties/write",
             "-F", "%p"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(device.stdout.close)
        self.addCleanup(device.wait)
        self.addCleanup(device.kill)
        broker.publish("/p/d1/online", "{}")
        self.eventually("online", lambda: self.server.state("d1"))
        outcome = []

        def send():
            rest = harness.bench.Rest(self.server.web_port, self.server.token)
            outcome.append(rest.post("/devices/d1/properties/write", {
                "properties": {"temperature": 7.5}, "timeoutSeconds": harness.PATIENCE}))

        caller = threading.Thread(target=send)
        caller.start()
        message = json.loads(device.stdout.readline())
        self.assertEqual({"temperature": 7.5}, message["properties"])
        broker.publish("/p/d1/properties/write/reply", json.dumps(
            {"messageId": message["messageId"], "success": True,
             "properties": message["properties"]}))
        caller.join()
        self.assertTrue(outcome[0]["success"], outcome)
        self.eventually(7.5, lambda: self.server.value("d1", "temperature"))
        broker.publish("/p/d1/offline", "{}")
        self.eventually("offline", lambda: self.server.state("d1"))
        self.assertEqual("connected", self.target(component)["state"])

    def test_wrong_password(self):
        passwords = os.path.join(self.folder, "passwords")
        self.assertEqual(0, harness.run("mosquitto_passwd", "-b", "-c", passwords, "fairlead",
                                        "right").returncode)
        os.chmod(passwords, 0o644)
        broker = self.broker("allow_anonymous false", f"password_file {passwords}")
        begun = time.monotonic()
        component = self.bridge(broker, username="fairlead", password="wrong")
        self.until(lambda: "refused the log-in" in (self.target(component)["lastError"] or ""),
                   "a wrong password is not shown")
        if not harness.SANITIZED:
            self.assertLess(time.monotonic() - begun, 1 + 2, "it takes long to be shown")
        shown = self.component(component)
        self.assertIn("not authorized", shown["lastError"])
        self.assertEqual("***", shown["configuration"]["password"])
        # The right one helps at once.
        self.server.rest().call("PATCH", f"/network-components/{component}",
                                {"configuration": {"password": "right"}})
        self.connected(component)
        self.assertIsNone(self.component(component)["lastError"])

    def test_shared_subscription(self):
        broker = self.broker()
        component = self.bridge(broker, topicPrefix="$share/fairlead",
                                topics=["/+/+/properties/report"])
        self.connected(component)
        other = subprocess.Popen(
            ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-t",
             "$share/fairlead//+/+/properties/report", "-F", "%p"], stdout=subprocess.PIPE,
            text=True)
        self.addCleanup(other.stdout.close)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        seen = []
        reader = threading.Thread(target=lambda: seen.extend(other.stdout))
        reader.start()
        for n in range(40):
            broker.publish("/p/d1/properties/report", self.number(n))

        def split():
            theirs = sorted(json.loads(line)["properties"]["number"] for line in seen)
            return sorted(self.numbers() + theirs)

        self.eventually(list(range(40)), split, "each message goes to one of the two:")
        self.assertTrue(self.numbers(), "nothing came to the server")
        other.kill()
        reader.join()

    def authority(self):
        """A certificate authority, and certificates of it for the broker and for the server."""
        def path(name):
            return os.path.join(self.folder, name)

        def openssl(*command):
            done = harness.run("openssl", *command)
            self.assertEqual(0, done.returncode, done.stderr)

        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=Test authority", "-keyout", path("ca.key"), "-out",
                path("ca.pem"))
        for name, extension in (("broker", "subjectAltName=DNS:broker.example,IP:127.0.0.1"),
                                ("fairlead", "subjectAltName=DNS:fairlead.example")):
            with open(path("extension"), "w") as f:
                f.write(extension)
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    f"/CN={name}", "-keyout", path(name + ".key"), "-out", path(name + ".csr"))
            openssl("x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.pem"), "-CAkey",
                    path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", path("extension"),
                    "-out", path(name + ".pem"))
        os.chmod(self.folder, 0o755)
        for name in ("broker.key", "broker.pem", "ca.pem"):
            os.chmod(path(name), 0o644)
        return path

    def test_tls_with_client_certificate(self):
        path = self.authority()

        def read(name):
            with open(path(name)) as f:
                return f.read()

        broker = self.broker("allow_anonymous true", f"cafile {path('ca.pem')}",
                             f"certfile {path('broker.pem')}", f"keyfile {path('broker.key')}",
                             "require_certificate true")
        certificate = self.server.rest().post("/certificates", {
            "name": "to the broker", "chain": read("fairlead.pem"), "key": read("fairlead.key"),
            "trust": read("ca.pem")})["id"]
        # The system's authorities do not know the broker's.
        component = self.bridge(broker, secure=True)
        self.until(lambda: "certificate was refused" in (self.target(component)["lastError"] or ""),
                   "the broker is trusted")
        self.server.rest().call("PATCH", f"/network-components/{component}", {
            "configuration": {"certificateId": certificate}})
        self.connected(component)
        self.assertTrue(self.component(component)["address"].startswith("mqtts://"))
        broker.publish("/p/d1/properties/report", self.number(1), "--cafile", path("ca.pem"),
                       "--cert", path("fairlead.pem"), "--key", path("fairlead.key"), "-h",
                       "127.0.0.1")
        self.eventually([1], self.numbers)
        # A name that the certificate does not have.
        self.server.rest().call("PATCH", f"/network-components/{component}", {
            "configuration": {"serverName": "other.example"}})
        self.until(lambda: "hostname mismatch" in (self.target(component)["lastError"] or ""),
                   "a wrong name is accepted")


if __name__ == "__main__":
    harness.main()
