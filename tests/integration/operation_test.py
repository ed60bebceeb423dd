#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping and going on after a crash."""
import os
import re
import signal
import socket
import subprocess
import threading

import harness


class Operation(harness.Case):
    def mqtt(self, server, names=("d1",)):
        port = harness.free_port()
        server.devices("p", server.gateway("mqtt-server", port), names)
        return port

    def put(self, port, device, value, qos=1):
        done = harness.publish(port, "p", device, {"number": value}, "-q", qos)
        self.assertEqual(0, done.returncode, done.stderr)

    def subscriber(self, port, device):
        """A device that stays connected."""
        user, password = harness.login()
        process = subprocess.Popen(
            ["mosquitto_sub", "-p", str(port), "-i", device, "-u", user, "-P", password, "-k", "30",
             "-t", f"/p/{device}/#"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_restart_keeps_values_and_knows_who_is_online(self):
        server = self.start()
        port = self.mqtt(server, ("d1", "d2"))
        for value in range(5):
            self.put(port, "d1", value)
        stays = self.subscriber(port, "d2")
        self.eventually("online", lambda: server.state("d2"))
        self.assertEqual(0, server.stop())
        stays.kill()  # it would come back by itself
        stays.wait()
        server.start()
        self.assertEqual([0, 1, 2, 3, 4], server.history("d1", "number"))
        self.assertEqual(4, server.value("d1", "number"))
        self.eventually("offline", lambda: server.state("d2"))
        self.put(port, "d1", 5)  # the gateway is open again without anybody's doing
        self.eventually(5, lambda: server.value("d1", "number"))

    def test_what_was_acknowledged_is_there_after_a_kill(self):
        server = self.start()
        port = self.mqtt(server, ("d1", "d2"))
        self.subscriber(port, "d2")
        self.eventually("online", lambda: server.state("d2"))
        wanted = []
        for crash in range(3):
            for qos in (1, 2):
                wanted.append(len(wanted))
                self.put(port, "d1", wanted[-1], qos)
            server.kill()
            server.start()
            self.assertEqual(wanted, server.history("d1", "number"), f"after crash {crash}")
            self.assertEqual(wanted[-1], server.value("d1", "number"))

    def test_online_after_a_kill(self):
        server = self.start()
        port = self.mqtt(server)
        device = self.subscriber(port, "d1")
        self.eventually("online", lambda: server.state("d1"))
        device.send_signal(signal.SIGSTOP)  # it neither comes back nor says good-bye
        server.kill()
        server.start()
        self.eventually("offline", lambda: server.state("d1"))
        device.send_signal(signal.SIGCONT)
        self.eventually("online", lambda: server.state("d1"))

    def test_stops_in_time_while_devices_are_connected(self):
        server = self.start({"shutdown.drainSeconds": "20"})
        port = self.mqtt(server, [f"d{i}" for i in range(8)])
        devices = [self.subscriber(port, f"d{i}") for i in range(4)]
        for i in range(4):
            self.eventually("online", lambda i=i: server.state(f"d{i}"))
        acknowledged, ended = [], threading.Event()

        def load():
            while not ended.is_set():
                value = len(acknowledged)
                done = harness.publish(port, "p", "d7", {"number": value}, "-q", 1)
                if done.returncode != 0:
                    return
                acknowledged.append(value)

        sender = threading.Thread(target=load)
        sender.start()
        try:
            self.until(lambda: len(acknowledged) > 5, "nothing is acknowledged")
            self.assertEqual(0, server.stop(), server.log())
        finally:
            ended.set()
            sender.join()
        for device in devices:
            device.kill()
            device.wait()
        server.start()
        stored = server.history("d7", "number")
        self.assertEqual(acknowledged, stored[:len(acknowledged)])

    def test_port_in_use(self):
        server = self.start()
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            port = taken.getsockname()[1]
            component = server.component("mqtt-server", port)
            rest = server.rest()
            with self.assertRaises(harness.bench.RestError) as refused:
                rest.post(f"/network-components/{component}/enable")
            self.assertEqual(409, refused.exception.status)
            self.assertIn(str(port), str(refused.exception))
            found = rest.get(f"/network-components/{component}")
            self.assertEqual("disabled", found["state"])
            self.until(lambda: [row for row in rest.get("/logs/system?limit=100")["items"]
                                if str(port) in row["message"]], "the system log does not say so")
        rest.post(f"/network-components/{component}/enable")
        self.assertEqual("running", rest.get(f"/network-components/{component}")["runState"])

    def test_unknown_and_wrong_settings(self):
        program = os.path.join(harness.BUILD, "bin", "fairlead")
        folder = ["--set", f"data.directory={self.folder}/data"]
        for line, hint in (("web:\n  prot: 8080\n", "web.port"),
                           ("ingest:\n  commitSpacingMS: 1\n", "ingest.commitSpacingMs")):
            path = os.path.join(self.folder, "fairlead.yaml")
            with open(path, "w") as f:
                f.write(line)
            done = harness.run(program, "--config", path, *folder)
            self.assertNotEqual(0, done.returncode)
            self.assertIn(hint, done.stderr)
        done = harness.run(program, *folder, env={**os.environ, "FAIRLEAD_WEB__PROT": "1"})
        self.assertNotEqual(0, done.returncode)
        self.assertIn("web.port", done.stderr)
        done = harness.run(program, *folder, "--set", "web.threads=1")
        self.assertNotEqual(0, done.returncode)
        self.assertRegex(done.stderr, r"web\.threads.*2.*256")
        self.assertFalse(os.path.exists(f"{self.folder}/data"))

    def test_two_servers(self):
        servers = [self.start(name=f"server{i}") for i in range(2)]
        ports = [self.mqtt(server) for server in servers]
        for i, port in enumerate(ports):
            self.put(port, "d1", i)
        for i, server in enumerate(servers):
            self.eventually([i], lambda s=server: s.history("d1", "number"))
        # One data folder serves one server.
        done = harness.run(os.path.join(harness.BUILD, "bin", "fairlead"), "--plugins",
                           os.path.join(harness.BUILD, "plugins"), "--set", "web.port=0", "--set",
                           f"data.directory={servers[0].data}")
        self.assertNotEqual(0, done.returncode, done.stdout)
        self.assertTrue(re.search(r"in use|another|locked", done.stderr), done.stderr)
        self.put(ports[0], "d1", 7)
        self.eventually(7, lambda: servers[0].value("d1", "number"))


if __name__ == "__main__":
    harness.main()
