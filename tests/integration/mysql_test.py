#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main flow with MariaDB instead of SQLite: Debian's server on a private socket and folder."""
import json
import os
import shutil
import subprocess
import threading

import harness


def program(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if found is None:
        raise AssertionError(f"{name} is not installed (package mariadb-server)")
    return found


class MariaDb:
    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.join(folder, "mariadb")
        # A socket's path has to be short.
        self.socket = os.path.join(folder, "db")
        self.process = None

    def start(self):
        if not os.path.exists(self.data):
            subprocess.run([program("mariadb-install-db"), "--no-defaults", "--user=root",
                            f"--datadir={self.data}", "--auth-root-authentication-method=normal",
                            "--skip-test-db"], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=harness.CLIENT_SECONDS)
        self.process = subprocess.Popen(
            [program("mariadbd"), "--no-defaults", "--user=root", f"--datadir={self.data}",
             f"--socket={self.socket}", "--skip-networking", f"--pid-file={self.folder}/db.pid",
             "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M"],
            stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.folder, "db.log"), "a"))

    def sql(self, text):
        return harness.run(program("mariadb"), "--no-defaults", "-u", "root",
                           f"--socket={self.socket}", "-N", "-e", text)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(harness.PATIENCE)
            self.process = None


class MySql(harness.Case):
    def setUp(self):
        super().setUp()
        self.db = MariaDb(self.folder)
        self.addCleanup(self.db.stop)
        self.db.start()
        self.until(lambda: self.db.sql("SELECT 1").returncode == 0, "MariaDB does not start")
        made = self.db.sql("CREATE DATABASE fairlead CHARACTER SET utf8mb4; CREATE USER fairlead@"
                           "localhost IDENTIFIED BY 'pass'; GRANT ALL ON fairlead.* TO "
                           "fairlead@localhost")
        self.assertEqual(0, made.returncode, made.stderr)
        password = os.path.join(self.folder, "password")
        with open(password, "w") as f:
            f.write("pass\n")
        self.settings = {"database.driver": "mysql", "database.host": self.db.socket,
                         "database.passwordFile": password}

    def test_main_flow(self):
        server = self.start(self.settings)
        rest = server.rest()
        self.assertEqual("mysql", rest.get("/system")["database"]["driver"])
        mqtt, http = harness.free_port(), harness.free_port()
        server.gateway("mqtt-server", mqtt)
        server.gateway("http-server", http)
        server.devices("p", None, ["d1"])
        rest.call("PATCH", "/devices/d1", {"name": "温室一号 🌱"})
        for value in (1, 2, 3):
            done = harness.publish(mqtt, "p", "d1", {"number": value, "temperature": value / 2},
                                   "-q", value % 3)
            self.assertEqual(0, done.returncode, done.stderr)
            self.eventually(value, lambda: server.value("d1", "number"))
        self.eventually([1, 2, 3], lambda: server.history("d1", "number"))
        self.until(server.quiet, "the journal is not brought into the history")
        self.assertEqual([1, 2, 3], server.history("d1", "number"))
        rows = rest.get("/devices/d1/properties/temperature/history?aggregate=1&interval=1d")
        self.assertEqual([(3, 0.5, 1.5, 1)], [(r["count"], r["min"], r["max"], r["avg"])
                                             for r in rows["items"]])
        kinds = [m["kind"] for m in rest.get("/devices/d1/messages?limit=50")["items"]]
        self.assertEqual(3, kinds.count("reportProperty"), kinds)
        self.command(server, mqtt, http)
        with self.assertRaises(harness.bench.RestError) as used:
            rest.call("DELETE", "/products/p")
        self.assertEqual(409, used.exception.status)

        self.assertEqual(0, server.stop())
        server.start()
        self.assertEqual("温室一号 🌱", server.rest().get("/devices/d1")["name"])
        self.assertEqual([1, 2, 3], server.history("d1", "number"))
        self.assertEqual(0, harness.publish(mqtt, "p", "d1", {"number": 4}, "-q", 1).returncode)
        server.kill()
        server.start()
        self.assertEqual([1, 2, 3, 4], server.history("d1", "number"))
        tables = self.db.sql("SHOW TABLES IN fairlead").stdout.split()
        self.assertIn("device", " ".join(tables))

    def command(self, server, mqtt, http):
        user, password = harness.login()
        device = subprocess.Popen(
            ["mosquitto_sub", "-p", str(mqtt), "-i", "d1", "-u", user, "-P", password, "-t",
             "/p/d1/#", "-C", "1"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(device.wait)
        self.addCleanup(device.kill)
        self.eventually("online", lambda: server.state("d1"))
        outcome = []
        caller = threading.Thread(target=lambda: outcome.append(
            harness.bench.Rest(server.web_port, server.token).post(
                "/devices/d1/properties/write",
                {"properties": {"temperature": 7.5}, "timeoutSeconds": harness.PATIENCE})))
        caller.start()
        message = json.loads(device.stdout.readline())
        device.stdout.close()
        body = {"messageId": message["messageId"], "success": True,
                "properties": message["properties"]}
        done = harness.run("curl", "-sSf", "-H", "Authorization: Bearer token", "-H",
                           "Content-Type: application/json", "-d", json.dumps(body),
                           f"http://127.0.0.1:{http}/p/d1/properties/write/reply")
        self.assertEqual(0, done.returncode, done.stderr)
        caller.join()
        self.assertTrue(outcome and outcome[0]["success"], outcome)
        self.eventually(7.5, lambda: server.value("d1", "temperature"))

    def test_goes_on_when_the_database_comes_back(self):
        server = self.start(self.settings)
        port = harness.free_port()
        server.devices("p", server.gateway("mqtt-server", port), ["d1"])
        self.assertEqual(0, harness.publish(port, "p", "d1", {"number": 1}, "-q", 1).returncode)
        self.db.stop()
        self.until(lambda: "ready" != harness.get(server.web_port, "/readyz").strip(),
                   "it says that it is ready without its database")
        self.db.start()
        self.until(lambda: "ready" == harness.get(server.web_port, "/readyz").strip(),
                   "it does not find its database again")
        self.assertEqual(0, harness.publish(port, "p", "d1", {"number": 2}, "-q", 1).returncode)
        self.eventually([1, 2], lambda: server.history("d1", "number"))

    def test_wrong_password(self):
        wrong = os.path.join(self.folder, "wrong")
        with open(wrong, "w") as f:
            f.write("nonsense-secret\n")
        command = [os.path.join(harness.BUILD, "bin", "fairlead"), "--set",
                   f"data.directory={self.folder}/data"]
        for key, value in {**self.settings, "database.passwordFile": wrong}.items():
            command += ["--set", f"{key}={value}"]
        done = harness.run(*command)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("fairlead", done.stderr)
        self.assertNotIn("nonsense-secret", done.stderr + done.stdout)


if __name__ == "__main__":
    harness.main()
