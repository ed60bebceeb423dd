#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the source checks and their own tests; prints one line each."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    failed = 0
    tests = sorted(HERE.glob("test_*.py"))
    checks = [HERE / name for name in ("layers.py", "style.py", "headers.py")]
    for script in tests + checks:
        run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
        print(f"{script.name}: {'ok' if run.returncode == 0 else 'FAILED'}")
        if run.returncode != 0:
            print(run.stdout + run.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
