#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: every figure of the server beside the same figure of Debian's mosquitto.

usage: run.py --build FOLDER [--only NAME,…] [--repeat N] [--seconds S] [--soak SECONDS]
              [--settle SECONDS] [--json FILE] [--folder FOLDER] [--no-fairlead]
              [--set KEY=VALUE]…

One generator, on core 1, drives both servers in turns, each pinned to core 0; the one that is not
measured is stopped (SIGSTOP). The median of the repetitions counts. mosquitto is anonymous and
stores nothing; Fairlead authenticates, decodes and stores each message before it acknowledges it.
"""
import argparse
import json
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support  # noqa: E402

SERVER_CORE, GENERATOR_CORE = 0, 1
DEVICES = 10000
OTHERS_PERCENT = 5  # of one core; above it a figure is marked
MILLION = 1_000_000


class Goal:
    """At least `ratio` of the peer, or at most/at least an absolute number."""

    def __init__(self, ratio=None, at_most=None):
        self.ratio, self.at_most = ratio, at_most

    def text(self):
        return f"≥ {self.ratio} ×" if self.ratio else f"≤ {self.at_most}"

    def met(self, own, peer):
        if self.ratio:
            return peer is not None and own >= self.ratio * peer
        return own <= self.at_most


# name, arguments of the generator, figures: (name, path in its result, unit, goal)
RATE = ("messagesPerSecond", "msg/s")
CASES = [
    ("qos1-1000x1", ["--clients", "1000", "--in-flight", "1"],
     [(*RATE, Goal(ratio=1.2)), ("cpuUsPerMessage", "us", None), ("latencyUs.p50", "us", None),
      ("latencyUs.p99", "us", None)]),
    ("qos1-100x16", ["--clients", "100", "--in-flight", "16"],
     [(*RATE, Goal(ratio=3)), ("cpuUsPerMessage", "us", None), ("latencyUs.p50", "us", None),
      ("latencyUs.p99", "us", None)]),
    ("qos0-100x100", ["--clients", "100", "--in-flight", "100", "--qos", "0"],
     [(*RATE, Goal(ratio=1)), ("cpuUsPerMessage", "us", None)]),
    ("qos2-100x16", ["--clients", "100", "--in-flight", "16", "--qos", "2"],
     [(*RATE, None), ("cpuUsPerMessage", "us", None)]),
    ("rate-10k", ["--clients", "100", "--in-flight", "16", "--rate", "10000"],
     [("latencyUs.p50", "us", Goal(at_most=1500)), ("latencyUs.p99", "us", Goal(at_most=5000)),
      ("latencyUs.max", "us", None), ("cpuPercent", "%", Goal(at_most=40)),
      ("cpuUsPerMessage", "us", None)]),
    ("lone-message", ["--clients", "1", "--in-flight", "1", "--rate", "50"],
     [("latencyUs.p50", "us", Goal(at_most=600)), ("latencyUs.p99", "us", None)]),
    ("connect-64", ["--mode", "connect", "--clients", "5000", "--parallel", "64"],
     [("connectionsPerSecond", "/s", Goal(ratio=0.8)), ("latencyUs.p99", "us", None),
      ("cpuUsPerMessage", "us", None)]),
    ("connect-1000-at-once", ["--mode", "connect", "--clients", "1000", "--parallel", "1000"],
     [("connectionsPerSecond", "/s", Goal(ratio=0.8)), ("latencyUs.p99", "us", None)]),
    ("idle-10000", ["--mode", "idle", "--clients", "10000", "--duration", "3"],
     [("bytesPerConnection", "B", Goal(at_most=4096)), ("connected", "", None)]),
]


def pick(result, path):
    for part in path.split("."):
        result = result.get(part) if isinstance(result, dict) else None
    return result


def cpu_times():
    with open("/proc/stat") as f:
        fields = [int(x) for x in f.readline().split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def settle(seconds):
    """Waits until the machine does next to nothing, at most so long."""
    until = time.monotonic() + seconds
    while seconds > 0:
        total, idle = cpu_times()
        time.sleep(1)
        total2, idle2 = cpu_times()
        busy = 100 * (1 - (idle2 - idle) / max(1, total2 - total)) * os.cpu_count()
        if busy <= OTHERS_PERCENT or time.monotonic() > until:
            return


def generate(build, arguments, limit):
    """Runs the generator; adds the per cent of one core that others used meanwhile."""
    program = os.path.join(build, "bin", "fairlead-bench-mqtt")
    total, idle = cpu_times()
    pid = int(arguments[arguments.index("--server-pid") + 1])
    own = process_ticks(pid) + children_ticks()
    began = time.monotonic()
    done = subprocess.run(support.pinned(GENERATOR_CORE) + [program] + arguments,
                          capture_output=True, text=True, timeout=limit)
    if done.returncode != 0:
        raise SystemExit(f"generator: {done.stderr}")
    result = json.loads(done.stdout)
    wall = time.monotonic() - began
    total2, idle2 = cpu_times()
    busy = (total2 - idle2) - (total - idle)
    own = process_ticks(pid) + children_ticks() - own
    result["othersPercent"] = round(100 * max(0, busy - own) / (os.sysconf("SC_CLK_TCK") * wall), 1)
    return result


def process_ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def children_ticks():
    times = os.times()
    return round((times.children_user + times.children_system) * os.sysconf("SC_CLK_TCK"))


def disk_sync_us(folder, rest=0.0):
    """Median time to write 4 KiB over what is there and fdatasync it, in the folder that the
    server uses, with so many seconds between two: at rest the processor and the disk have to wake."""
    path = os.path.join(folder, "sync-test")
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    count = 50 if rest else 200
    os.pwrite(fd, b"x" * 4096 * count, 0)
    os.fsync(fd)
    times = []
    for i in range(count):
        time.sleep(rest)
        began = time.perf_counter()
        os.pwrite(fd, b"y" * 4096, i * 4096)
        os.fdatasync(fd)
        times.append((time.perf_counter() - began) * 1e6)
    os.close(fd)
    os.unlink(path)
    return round(statistics.median(times), 1)


def machine(folder):
    model = "unknown"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as f:
        memory = int(f.readline().split()[1]) // 1024
    return {"processor": model, "cores": os.cpu_count(), "memoryMiB": memory,
            "kernel": platform.release(), "system": platform.freedesktop_os_release()["PRETTY_NAME"],
            "fdatasyncUs": disk_sync_us(folder),
            "fdatasyncAtRestUs": disk_sync_us(folder, 0.02), "peer": support.Mosquitto.version(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


class Table:
    """Rows of figures, printed as they come."""

    def __init__(self):
        self.rows = []

    def add(self, case, figure, unit, own, peer, goal):
        met = None if goal is None or own is None else goal.met(own, peer)
        ratio = own / peer if own is not None and peer else None
        self.rows.append({"case": case, "figure": figure, "unit": unit, "fairlead": own,
                          "mosquitto": peer, "ratio": ratio,
                          "goal": goal.text() if goal else None, "met": met})
        show = lambda v: "-" if v is None else f"{v:,.0f}" if abs(v) >= 100 else f"{v:.2f}"  # noqa
        verdict = {None: "", True: "met", False: "MISSED"}[met]
        print(f"{case:22} {figure:22} {show(own):>12} {show(peer):>12} {show(ratio):>7} "
              f"{goal.text() if goal else '':>10} {unit:6} {verdict}", flush=True)

    @staticmethod
    def head():
        print(f"{'case':22} {'figure':22} {'fairlead':>12} {'mosquitto':>12} {'ratio':>7} "
              f"{'goal':>10} unit")


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.table = Table()
        self.raw = {}
        self.peer = support.Mosquitto(os.path.join(folder, "mosquitto"), SERVER_CORE)
        self.own = None
        if not options.no_fairlead:
            self.own = support.Fairlead(options.build, os.path.join(folder, "fairlead"),
                                        SERVER_CORE, {"network.threads": "1",
                                                      **dict(options.set)})

    def wanted(self, name):
        return not self.options.only or name in self.options.only

    def servers(self):
        return [s for s in (self.own, self.peer) if s is not None]

    def start(self):
        self.peer.start()
        if self.own is not None:
            self.own.start()
            began = time.monotonic()
            self.own.set_up(DEVICES, web_devices=100)
            print(f"{DEVICES} devices made over REST in {time.monotonic() - began:.1f} s",
                  flush=True)

    def stop(self):
        for server in self.servers():
            server.stop()

    def alone(self, server):
        """Stops the other server, wakes this one."""
        for other in self.servers():
            if other is not server:
                if other is self.own:
                    self.own.quiet(self.options.quiet)
                os.kill(other.pid, signal.SIGSTOP)
        os.kill(server.pid, signal.SIGCONT)
        if server is self.own:
            self.own.quiet(self.options.quiet)

    def run_case(self, name, arguments, figures):
        results = {s.name: [] for s in self.servers()}
        seconds = str(self.options.seconds)
        for _ in range(self.options.repeat):
            for server in self.servers():
                if name.startswith("idle"):
                    server.stop()  # memory that an earlier load has left would hide the cost
                    server.start()
                    if server is self.own:
                        support.wait_port(self.own.port)
                self.alone(server)
                settle(self.options.settle)
                command = ["--server-pid", str(server.pid), "--warmup", "1", "--duration", seconds,
                           "--label", name] + server.load_arguments() + arguments
                results[server.name].append(generate(self.options.build, command, 600))
        self.raw[name] = results
        for path, unit, goal in figures:
            own, peer = (self.median(results.get(n), path) for n in ("fairlead", "mosquitto"))
            self.table.add(name, path, unit, own, peer, goal if self.own else None)
        if name == "lone-message":
            # What no server can go below that acknowledges after the sync.
            at_rest = disk_sync_us(self.folder, 0.02)
            peer = self.median(results.get("mosquitto"), "latencyUs.p50")
            self.table.add(name, "peer + sync at rest", "us", None, peer + at_rest, None)
        self.check(name, results)

    def check(self, name, results):
        """A figure of a run that lost something is no figure."""
        for server, runs in results.items():
            for run in runs:
                if run["othersPercent"] > OTHERS_PERCENT:
                    print(f"  ! {name}, {server}: others used {run['othersPercent']} % of a core")
                wrong = {k: run.get(k) for k in ("unanswered", "refused", "duplicateAcks",
                                                 "disconnects", "failedConnections", "neverSent")
                         if run.get(k)}
                if wrong:
                    print(f"  ! {name}, {server}: {wrong} {run.get('errors')}")
                    self.table.rows[-1]["trouble"] = {server: wrong}

    @staticmethod
    def median(runs, path):
        values = [v for v in (pick(run, path) for run in runs or []) if v is not None]
        return statistics.median(values) if values else None

    def run_http(self):
        self.alone(self.own)
        settle(self.options.settle)
        result = generate(self.options.build, [
            "--mode", "http", "--port", str(self.own.http_port), "--clients", "100",
            "--token", support.BEARER, "--client-id", "web{i}", "--path",
            "/web/{id}/properties/report",
            "--server-pid", str(self.own.pid), "--duration", str(self.options.seconds)], 600)
        self.raw["http-100"] = {"fairlead": [result]}
        for path, unit in (RATE, ("cpuUsPerMessage", "us"), ("latencyUs.p50", "us"),
                           ("latencyUs.p99", "us")):
            self.table.add("http-100", path, unit, pick(result, path), None, None)
        self.check("http-100", self.raw["http-100"])

    def run_command(self):
        self.alone(self.own)
        settle(self.options.settle)
        for callers, goal in ((1, Goal(at_most=5000)), (4, Goal(at_most=5000))):
            name = f"command-{callers}"
            result = generate(self.options.build, [
                "--mode", "command", "--port", str(self.own.port), "--clients", "100",
                "--in-flight", str(callers), "--rest-port", str(self.own.web_port),
                "--token", self.own.token, "--auth",
                f"official:{support.SECURE_ID}:{support.SECURE_KEY}",
                "--server-pid", str(self.own.pid), "--duration", str(self.options.seconds)], 600)
            self.raw[name] = {"fairlead": [result]}
            self.table.add(name, "latencyUs.p50", "us", pick(result, "latencyUs.p50"), None, None)
            self.table.add(name, "latencyUs.p99", "us", pick(result, "latencyUs.p99"), None, goal)
            self.check(name, self.raw[name])

    def run_soak(self):
        """A steady load for long, with the history being written meanwhile; memory must not grow."""
        seconds = str(self.options.soak)
        self.alone(self.own)
        settle(self.options.settle)
        result = generate(self.options.build, [
            "--server-pid", str(self.own.pid), "--warmup", "5", "--duration", seconds, "--clients",
            "100", "--in-flight", "16", "--rate", "10000"] + self.own.load_arguments(),
            self.options.soak + 120)
        self.raw["soak"] = {"fairlead": [result]}
        for path, unit, goal in (("latencyUs.p50", "us", Goal(at_most=1500)),
                                 ("latencyUs.p99", "us", Goal(at_most=5000)),
                                 ("latencyUs.max", "us", None),
                                 ("cpuPercent", "%", Goal(at_most=40)),
                                 ("residentBytes", "B", None)):
            self.table.add(f"soak-{seconds}s", path, unit, pick(result, path), None, goal)
        self.check("soak", self.raw["soak"])

    def run_million(self):
        """Pages of a list of a million devices."""
        self.own.stop()
        fill(os.path.join(self.own.data, "fairlead.db"))
        self.own.start()
        rest = self.own.rest()
        queries = [("first page", "?page=1&pageSize=20"),
                   ("filtered by name", "?page=1&pageSize=20&q=million-77"),
                   ("filtered by state", "?page=1&pageSize=20&state=offline"),
                   ("by product", "?page=1&pageSize=20&productId=bench")]
        self.raw["million"] = {}
        for name, query in queries:
            times = []
            for _ in range(20):
                began = time.perf_counter()
                page = rest.get("/devices" + query)
                times.append((time.perf_counter() - began) * 1000)
                if not page["items"]:
                    raise SystemExit(f"million devices, {name}: the page is empty")
            self.raw["million"][name] = {"ms": times, "total": page["total"]}
            self.table.add("million-devices", name, "ms", statistics.median(times), None,
                           Goal(at_most=50))

    def run(self):
        self.table.head()
        for name, arguments, figures in CASES:
            if self.wanted(name):
                self.run_case(name, arguments, figures)
        if self.own is None:
            return
        for name, run in (("http", self.run_http), ("command", self.run_command)):
            if self.wanted(name):
                run()
        if self.options.soak > 0 and self.wanted("soak"):
            self.run_soak()
        if self.wanted("million"):
            self.run_million()


def fill(path):
    """Copies the row of one device until there are a million; the counts follow."""
    db = sqlite3.connect(path)
    columns = [row[1] for row in db.execute("PRAGMA table_info(devices)")
               if row[1] != "device_key"]
    have = db.execute("SELECT count(*) FROM devices").fetchone()[0]
    values = ", ".join({"id": "'million-' || k", "name": "'million-' || k",
                        "state": "1 + (k % 1000 = 0)", "product_id": "'bench'"}.get(c, c)
                       for c in columns)
    db.execute(f"WITH RECURSIVE numbers(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM numbers "
               f"WHERE k < {MILLION - have}) INSERT INTO devices ({', '.join(columns)}) SELECT "
               f"{values} FROM numbers, (SELECT * FROM devices LIMIT 1)")
    db.execute("DELETE FROM device_counts")
    db.execute("INSERT INTO device_counts SELECT product_id, state, count(*) FROM devices "
               "GROUP BY product_id, state")
    db.commit()
    db.execute("ANALYZE")
    db.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", type=lambda t: t.split(","), default=[])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--settle", type=float, default=0,
                        help="seconds to wait at most for a quiet machine before each run")
    parser.add_argument("--quiet", type=float, default=60,
                        help="seconds to wait at most for the history to be written")
    parser.add_argument("--json")
    parser.add_argument("--no-fairlead", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        type=lambda t: tuple(t.split("=", 1)), help="a setting of Fairlead")
    parser.add_argument("--folder", help="where the servers store (a new one in the system's)")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        about = machine(folder)
        print(json.dumps(about, ensure_ascii=False))
        bench = Bench(options, folder)
        try:
            bench.start()
            bench.run()
        finally:
            bench.stop()
        if options.json:
            with open(options.json, "w") as f:
                json.dump({"machine": about, "table": bench.table.rows, "raw": bench.raw}, f,
                          indent=1)
    missed = [r for r in bench.table.rows if r["met"] is False]
    print(f"{len(missed)} of {sum(r['met'] is not None for r in bench.table.rows)} goals missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
