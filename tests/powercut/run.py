#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Is every acknowledged message there after a crash, once?

usage: run.py --build FOLDER [--tools FOLDER] [--kills N] [--cuts N] [--rate N] [--seed N] [--must-fail]

Publishes at QoS 1 and QoS 2 while the server is killed (kill -9) and loses its power
(libpowercut.so undoes what was not synced) at random moments, N times each, and is started again.
The clients keep their sessions, connect again and send again what was not acknowledged. At the end
every acknowledged message must be in the message log and in the history; at QoS 1 only a message
that was sent again may be there twice, at QoS 2 none.

With FAIRLEAD_TEST_EARLY_ACK=1 in the environment, a server built with -DFAIRLEAD_FAULTS=ON
acknowledges before it stores. --must-fail says that this run has to find losses: then finding none
is the failure.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import support  # noqa: E402

CLIENTS = 8  # of each quality of service
NUMBER_BASE = 10_000_000  # what the generator adds to the number of a message
PAGE = 200
DRAIN_SECONDS = 30


class Load:
    """The generator at one quality of service, on devices of its own."""

    def __init__(self, options, folder, server, qos):
        self.qos = qos
        self.log = os.path.join(folder, f"acked-{qos}")
        first = CLIENTS * (qos - 1)
        program = os.path.join(options.tools, "bin", "fairlead-bench-mqtt")
        self.process = subprocess.Popen(
            [program, "--clients", str(CLIENTS), "--first", str(first), "--qos", str(qos),
             "--in-flight", "64", "--rate", str(options.rate), "--resume", "yes", "--warmup", "0",
             "--duration", "86400", "--drain", str(DRAIN_SECONDS), "--acked-log", self.log]
            + server.load_arguments(), stdout=subprocess.PIPE, text=True)

    def finish(self):
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=DRAIN_SECONDS + 30)
        with open(self.log) as f:
            return json.loads(out), [json.loads(line) for line in f]


def crash(server, folder, cut, options):
    """Starts the server, lets it work for a random time, ends it the hard way."""
    env = {}
    report = os.path.join(folder, "report")
    trigger = os.path.join(folder, "cut")
    if cut:
        if os.path.exists(trigger):
            os.unlink(trigger)
        env = {"LD_PRELOAD": os.path.join(options.tools, "bin", "libpowercut.so"),
               "POWERCUT_ROOT": server.data, "POWERCUT_TRIGGER": trigger,
               "POWERCUT_REPORT": report, "POWERCUT_KEEP": str(random.choice((0, 0, 30, 70))),
               "POWERCUT_SEED": str(random.getrandbits(31) | 1)}
    server.start(env)
    support.wait_port(server.port)
    time.sleep(random.uniform(0.2, 2.0))
    if not cut:
        server.kill()
        return None
    open(trigger, "w").close()
    code = server.process.wait(30)
    if code != -signal.SIGKILL:
        with open(server.log_path, errors="replace") as f:
            tail = f.read()[-2000:]
        raise SystemExit(f"the server ended by itself ({code}) instead of losing its power:\n{tail}")
    server.process.stdout.read()  # ends when the cut is done: what undoes it holds the pipe too
    server.process.stdout.close()
    with open(report) as f:
        line = json.loads(f.readlines()[-1])
    if line["uncovered"]:
        raise SystemExit(f"the server changes files in a way that cannot be undone: {line}")
    return line


def pages(rest, path):
    after = ""
    while True:
        answer = rest.get(path + (f"&after={after}" if after else ""))
        yield from answer["items"]
        after = answer["next"]
        if not after:
            return


def stored(rest, device):
    """How often each message is in the message log, and which are in the history."""
    log = Counter()
    for item in pages(rest, f"/devices/{device}/messages?direction=up&limit={PAGE}"):
        try:
            log[json.loads(item["payloadText"])["properties"]["n"] - NUMBER_BASE] += 1
        except (KeyError, TypeError, ValueError):
            continue  # not one of ours, such as the session's own events
    history = {item["value"] - NUMBER_BASE for item in
               pages(rest, f"/devices/{device}/properties/n/history?limit={PAGE}&order=asc")}
    return log, history


def judge(rest, qos, lines):
    sums = Counter()
    for line in lines:
        acked = {n for low, high in line["acked"] for n in range(low, high + 1)}
        resent = set(line["resent"])
        log, history = stored(rest, line["client"])
        missing = acked - log.keys()
        doubled = {n for n, times in log.items() if times > 1}
        sums["sent"] += line["sent"]
        sums["acknowledged"] += len(acked)
        sums["missing"] += len(missing)
        sums["missing in the history"] += len(acked - history)
        sums["doubled after sending again"] += len(doubled & resent)
        sums["doubled"] += len(doubled if qos == 2 else doubled - resent)
        sums["stored, never sent"] += len([n for n in log if n >= line["sent"]])
        if missing:
            print(f"  {line['client']}: missing {sorted(missing)[:10]}")
    return sums


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--tools", help="build folder of generator and library, if another")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--rate", type=int, default=3000, help="messages per second at each QoS")
    parser.add_argument("--seed", type=int, default=random.getrandbits(31))
    parser.add_argument("--must-fail", action="store_true")
    parser.add_argument("--folder", help="where the server stores (a new one in the system's)")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.tools = os.path.abspath(options.tools or options.build)
    for program in (os.path.join(options.build, "bin", "fairlead"),
                    os.path.join(options.tools, "bin", "fairlead-bench-mqtt"),
                    os.path.join(options.tools, "bin", "libpowercut.so")):
        if not os.path.exists(program):
            raise SystemExit(f"not built: {program}")
    random.seed(options.seed)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        return run(options, folder)


def run(options, folder):
    server = support.Fairlead(options.build, os.path.join(folder, "server"))
    server.start()
    server.set_up(2 * CLIENTS)
    server.stop()
    loads = [Load(options, folder, server, qos) for qos in (1, 2)]
    undone = Counter()
    try:
        order = [False] * options.kills + [True] * options.cuts
        random.shuffle(order)
        for number, cut in enumerate(order, 1):
            report = crash(server, folder, cut, options)
            undone.update(report or {})
            print(f"{number}: {'power cut ' + json.dumps(report) if cut else 'kill -9'}",
                  flush=True)
        server.start()
        support.wait_port(server.port)
        results = [load.finish() for load in loads]
        server.quiet()
        rest = server.rest()
        sums = [judge(rest, load.qos, lines) for load, (_, lines) in zip(loads, results)]
    finally:
        for load in loads:
            if load.process.poll() is None:
                load.process.kill()
        server.stop()
    return report_on(options, loads, results, sums, undone)


def report_on(options, loads, results, sums, undone):
    failed = False
    for load, (result, _), counts in zip(loads, results, sums):
        print(f"QoS {load.qos}: {dict(counts)}; reconnects {result['reconnects']}, "
              f"unanswered at the end {result['unanswered']}")
        failed = failed or any(counts[k] for k in ("missing", "missing in the history", "doubled",
                                                   "stored, never sent"))
        if not counts["acknowledged"]:
            print("nothing was acknowledged: the test has shown nothing")
            return 2
    print(f"power cuts undid {undone['unsyncedWrites']} writes, {undone['unsyncedBytes']} bytes")
    if options.must_fail:
        print("losses found, as they had to be" if failed else "FAIL: the fault was not found")
        return 0 if failed else 1
    print("FAIL" if failed else "ok: every acknowledged message is there, once")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
