#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lines of the README, as they stand there, against a server on an empty data folder."""
import os
import re

import harness


def readme_blocks(name):
    """The sh blocks of "First device in five lines": one with mosquitto_pub and curl, one with nc."""
    with open(os.path.join(harness.ROOT, name)) as f:
        blocks = re.findall(r"```sh\n(.*?)```", f.read(), re.S)
    return [b for b in blocks if "mosquitto_pub" in b or "curl" in b or re.search(r"\bnc ", b)]


class Quickstart(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start(quickstart=True)
        said = self.server.announcement
        self.ports = {"1883": re.search(r"mosquitto_pub -p (\d+)", said).group(1),
                      "8800": re.search(r"http://127\.0\.0\.1:(\d+)/demo", said).group(1),
                      "8801": re.search(r"127\.0\.0\.1 (\d+) \| xxd", said).group(1)}

    def with_ports(self, text):
        # The usual ports may be taken on this machine; the server says which ones it took.
        return re.sub(r"\b(1883|8800|8801)\b", lambda m: self.ports[m.group(1)], text)

    def values(self):
        return self.server.history("demo-1", "temperature")

    def test_readme(self):
        for name in ("README.md", "README.zh-CN.md"):
            blocks = readme_blocks(name)
            self.assertTrue(any("mosquitto_pub" in b for b in blocks), name)
            self.assertTrue(any("nc -q1" in b for b in blocks), name)
            for block in blocks:
                done = harness.bash("set -e\n" + self.with_ports(block))
                self.assertEqual(0, done.returncode, f"{name}: {block}\n{done.stderr}")
                if "nc -q1" in block:
                    # The log-in is acknowledged: type 2, for demo-1, code 0.
                    self.assertRegex(done.stdout, r"0000 0014 02")
                    self.assertRegex(done.stdout, r"0664 656d 6f2d 3100")
        self.eventually([21.5, 22.5, 23, 21.5, 22.5, 23], self.values)
        self.eventually(23, lambda: self.server.value("demo-1", "temperature"))

    def test_announced_lines(self):
        lines = [line.strip() for line in self.server.announcement.splitlines()
                 if re.match(r"\s+(ts=|curl|printf)", line)]
        self.assertEqual(3, len(lines), self.server.announcement)
        for line in lines:
            done = harness.bash(line)
            self.assertEqual(0, done.returncode, f"{line}\n{done.stderr}")
        self.eventually([21.5, 22.5, 23], self.values)

    def test_every_quality_and_version(self):
        wanted = []
        for version in ("mqttv31", "mqttv311", "mqttv5"):
            for qos in (0, 1, 2):
                wanted.append(30 + len(wanted))
                user, password = harness.login("demo-key", "demo")
                done = harness.run(
                    "mosquitto_pub", "-V", version, "-p", self.ports["1883"], "-i", "demo-1", "-u",
                    user, "-P", password, "-q", qos, "-t", "/demo/demo-1/properties/report", "-m",
                    f'{{"properties":{{"temperature":{wanted[-1]}}}}}')
                self.assertEqual(0, done.returncode, f"{version} {qos}: {done.stderr}")
                # QoS 0 has no acknowledgement: the next log-in would overtake it.
                self.eventually(wanted, self.values, f"{version} {qos}")

    def test_page_and_tools(self):
        port = self.server.web_port
        self.assertEqual("ok", harness.get(port, "/healthz").strip().split()[0])
        self.assertIn("ready", harness.get(port, "/readyz"))
        self.assertIn("# TYPE", harness.get(port, "/metrics"))
        self.assertIn('"openapi"', harness.get(port, "/api/v1/openapi.json"))


if __name__ == "__main__":
    harness.main()
