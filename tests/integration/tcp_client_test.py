#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Equipment that listens: the server connects to it, takes its reports and sends it commands."""
import socket
import struct
import threading

import harness

FRAMES = {"parserType": "LENGTH_FIELD",
          "parserConfiguration": {"offset": 0, "length": 4, "little": False}}
TCP_WRITE, TCP_WRITE_REPLY = 6, 7


class Equipment:
    """Listens like a meter or a converter; its port stays its own when it is restarted."""

    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self.listener.settimeout(harness.PATIENCE)
        self.port = self.listener.getsockname()[1]

    def accept(self):
        stream, _ = self.listener.accept()
        stream.settimeout(harness.PATIENCE)
        return stream

    def close(self):
        self.listener.close()


def read_whole_frame(stream):
    """Type, sequence, device and body of the next frame."""
    inner = harness.read_exactly(
        stream, struct.unpack(">I", harness.read_exactly(stream, 4))[0])
    kind, _, sequence = struct.unpack(">BQH", inner[:11])
    size = struct.unpack(">H", inner[11:13])[0]
    return kind, sequence, inner[13:13 + size].decode(), inner[13 + size:]


class TcpClient(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()

    def dial(self, targets, **configuration):
        rest = self.server.rest()
        component = rest.post("/network-components", {
            "name": "equipment", "type": "tcp-client", "cluster": "shared",
            "configuration": {"targets": targets, **FRAMES, **configuration}})["id"]
        rest.post(f"/network-components/{component}/enable")
        gateway = rest.post("/gateways", {
            "name": "equipment", "provider": "tcp-client-gateway",
            "networkComponentId": component, "protocolId": harness.PROTOCOL})["id"]
        self.server.devices("p", gateway, ["d1", "d2"])
        rest.post(f"/gateways/{gateway}/enable")
        return component

    def targets(self, component):
        return self.server.rest().get(f"/network-components/{component}")["targets"]

    def states(self, component):
        return [target["state"] for target in self.targets(component)]

    def test_equipment_that_logs_in(self):
        equipment = Equipment()
        self.addCleanup(equipment.close)
        component = self.dial([{"host": "127.0.0.1", "port": equipment.port}])
        stream = equipment.accept()
        self.eventually(["connected"], lambda: self.states(component))
        stream.sendall(harness.tcp_login("d1"))
        self.assertEqual((harness.TCP_ACK, bytes([harness.ACK_OK])), harness.read_frame(stream))
        stream.sendall(harness.tcp_report("d1", "temperature", 21.5))
        self.eventually([21.5], lambda: self.server.history("d1", "temperature"))
        self.eventually("online", lambda: self.server.state("d1"))
        # Restarted: offline, then back by itself.
        equipment.close()
        stream.close()
        self.eventually("offline", lambda: self.server.state("d1"))
        self.until(lambda: "refused" in (self.targets(component)[0]["lastError"] or ""),
                   f"the outage is not shown: {self.targets(component)}")
        again = Equipment(equipment.port)
        self.addCleanup(again.close)
        with again.accept() as stream:
            stream.sendall(harness.tcp_login("d1") + harness.tcp_report("d1", "temperature", 22))
            self.eventually([21.5, 22], lambda: self.server.history("d1", "temperature"))
            self.eventually(["connected"], lambda: self.states(component))
            self.assertIsNone(self.targets(component)[0]["lastError"])
            # Wrong key: refused by its protocol, as on a server.
        with again.accept() as stream:
            stream.sendall(harness.tcp_login("d1", key="wrong"))
            self.assertEqual((harness.TCP_ACK, bytes([harness.ACK_NO_AUTH])),
                             harness.read_frame(stream))
        self.server.rest().post(f"/network-components/{component}/disable")
        self.assertEqual([], self.targets(component))

    def test_connection_stands_for_a_device(self):
        one, two = Equipment(), Equipment()
        self.addCleanup(one.close)
        self.addCleanup(two.close)
        component = self.dial(
            [{"host": "127.0.0.1", "port": one.port, "deviceId": "d1"},
             {"host": "localhost", "port": two.port, "deviceId": "nobody"},
             {"host": "127.0.0.1", "port": 1}],
            firstBytes="HELLO\\r\\n", keepAliveBytes="0x0a", keepAliveInterval=1)
        with one.accept() as stream:
            self.assertEqual(b"HELLO\r\n", harness.read_exactly(stream, 7))
            self.eventually("online", lambda: self.server.state("d1"))  # before it says anything
            self.assertEqual(b"\n", harness.read_exactly(stream, 1))
            stream.sendall(harness.tcp_report("d1", "temperature", 3))
            self.eventually([3], lambda: self.server.history("d1", "temperature"))
            self.answer_a_command(stream)
            self.eventually("connected", lambda: self.states(component)[0])
            self.until(lambda: '"nobody" does not exist' in
                       (self.targets(component)[1]["lastError"] or ""),
                       f"an unknown device is not shown: {self.targets(component)}")
            self.until(lambda: self.targets(component)[2]["failures"] > 0, "port 1 answers")
        self.eventually("offline", lambda: self.server.state("d1"))

    def answer_a_command(self, stream):
        outcome = []

        def send():
            rest = harness.bench.Rest(self.server.web_port, self.server.token)
            outcome.append(rest.post("/devices/d1/properties/write", {
                "properties": {"temperature": 7.5}, "timeoutSeconds": harness.PATIENCE}))

        caller = threading.Thread(target=send)
        caller.start()
        while True:
            byte = stream.recv(1, socket.MSG_PEEK)
            if byte != b"\n":
                break
            stream.recv(1)  # the keep-alive
        kind, sequence, device, body = read_whole_frame(stream)
        self.assertEqual((TCP_WRITE, "d1"), (kind, device))
        self.assertIn(b"temperature", body)
        stream.sendall(harness.frame(TCP_WRITE_REPLY, sequence, "d1", b"\x01" + body))
        caller.join()
        self.assertTrue(outcome[0]["success"], outcome)


if __name__ == "__main__":
    harness.main()
