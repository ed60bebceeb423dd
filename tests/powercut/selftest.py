#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does libpowercut.so tell a program that syncs before it acknowledges from one that does not?

usage: selftest.py LIBPOWERCUT [rounds]

Writers (child processes under LD_PRELOAD) append numbered records to a plain file and to an SQLite
database, print each number once it is "acknowledged", and lose their power at a random moment. The
right ones must never miss a printed number afterwards; the wrong ones, which print before the sync,
must be caught.
"""
import os
import random
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

RECORD = 64
BATCH = 16
LIMIT_SECONDS = 20


def write_file(folder, early):
    """Appends batches; a new file per 512 records, made under another name and renamed."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    number = 0
    while True:
        name = f"{folder}/segment{number // 512:06d}"
        fd = os.open(name + ".new", os.O_RDWR | os.O_CREAT | os.O_EXCL)
        os.rename(name + ".new", name)
        os.fsync(directory)
        for _ in range(512 // BATCH):
            block = b"".join(struct.pack("<Q", number + i) + b"x" * (RECORD - 8)
                             for i in range(BATCH))
            os.write(fd, block)
            if early:
                print(number + BATCH - 1, flush=True)
            os.fdatasync(fd)
            number += BATCH
            if not early:
                print(number - 1, flush=True)
        os.close(fd)


def read_file(folder):
    found = set()
    for name in os.listdir(folder):
        data = open(f"{folder}/{name}", "rb").read()
        for at in range(0, len(data) - RECORD + 1, RECORD):
            found.add(struct.unpack_from("<Q", data, at)[0] if data[at + 8:at + RECORD] ==
                      b"x" * (RECORD - 8) else -1)
    return found


def write_sqlite(folder, early):
    db = sqlite3.connect(f"{folder}/test.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA wal_autocheckpoint=64")
    db.execute("CREATE TABLE IF NOT EXISTS t(n INTEGER PRIMARY KEY, filler BLOB)")
    number = 0
    while True:
        db.execute("BEGIN")
        for i in range(BATCH):
            db.execute("INSERT INTO t VALUES(?, ?)", (number + i, b"x" * 200))
        number += BATCH
        if early:
            print(number - 1, flush=True)
        db.execute("COMMIT")
        if not early:
            print(number - 1, flush=True)


def read_sqlite(folder):
    db = sqlite3.connect(f"{folder}/test.db")
    if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        return {-1}
    return {row[0] for row in db.execute("SELECT n FROM t")}


KINDS = {"file": (write_file, read_file), "sqlite": (write_sqlite, read_sqlite)}


def one_cut(library, kind, early, keep):
    """Returns how many acknowledged numbers are missing, and how many were acknowledged."""
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data"
        os.mkdir(data)
        env = dict(os.environ, LD_PRELOAD=library, POWERCUT_ROOT=data,
                   POWERCUT_TRIGGER=f"{folder}/cut", POWERCUT_REPORT=f"{folder}/report",
                   POWERCUT_KEEP=str(keep), POWERCUT_SEED=str(random.getrandbits(31) | 1))
        child = subprocess.Popen([sys.executable, __file__, "--writer", kind, data,
                                  "early" if early else "right"],
                                 env=env, stdout=subprocess.PIPE, text=True)
        began = time.monotonic()
        acked = -1
        wanted = random.randint(2, 120) * BATCH
        for line in child.stdout:
            acked = int(line)
            if acked >= wanted:
                open(f"{folder}/cut", "w").close()
                wanted = 1 << 60
            if time.monotonic() > began + LIMIT_SECONDS:
                child.kill()
                raise SystemExit(f"{kind}: the power stayed on for {LIMIT_SECONDS} s")
        # The pipe ends when the cut is done: the process that undoes holds it too.
        if child.wait() != -9:
            raise SystemExit(f"{kind}: the writer ended by itself: {child.returncode}")
        report = open(f"{folder}/report").read()
        if '"uncovered":0' not in report:
            raise SystemExit(f"{kind}: changes that the library cannot undo: {report}")
        found = KINDS[kind][1](data)
        return sum(1 for n in range(acked + 1) if n not in found), acked + 1


def main():
    if sys.argv[1:2] == ["--writer"]:
        KINDS[sys.argv[2]][0](sys.argv[3], sys.argv[4] == "early")
        return 0
    library = os.path.abspath(sys.argv[1])
    if not os.path.exists(library):
        raise SystemExit(f"no such library: {library}")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    failed = False
    for kind in KINDS:
        for early in (False, True):
            lost, acked, caught = 0, 0, 0
            began = time.monotonic()
            for i in range(rounds):
                keep = 0 if early else (0, 50)[i % 2]
                missing, total = one_cut(library, kind, early, keep)
                lost, acked, caught = lost + missing, acked + total, caught + (missing > 0)
            bad = caught < rounds * 0.5 if early else lost > 0
            failed = failed or bad
            print(f"{'FAIL' if bad else 'ok'}: {kind}, {'early' if early else 'right'} "
                  f"acknowledgement: {rounds} cuts, {acked} acknowledged, {lost} missing, "
                  f"{caught} cuts caught, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
