#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each plugin given (files, or folders with *.so) exports fl_plugin_entry_v1 and nothing else, and
has no unique symbols, which would keep it mapped for ever."""
import pathlib
import subprocess
import sys

ENTRY = "fl_plugin_entry_v1"


def problems(path):
    out = subprocess.run(["nm", "-D", "--defined-only", str(path)], check=True,
                         capture_output=True, text=True).stdout
    found = [line.split()[-2:] for line in out.splitlines() if line.strip()]
    names = [name.split("@")[0] for _, name in found]
    if ENTRY not in names:
        yield f"does not export {ENTRY}"
    for (kind, _), name in zip(found, names):
        if name != ENTRY:
            yield f"exports {name}"
        if kind == "u":
            yield f"has the unique symbol {name}"


def main():
    files = []
    for arg in map(pathlib.Path, sys.argv[1:]):
        files += sorted(arg.glob("*.so")) if arg.is_dir() else [arg]
    if not files:
        print("symbols: no plugin given", file=sys.stderr)
        return 2
    failed = False
    for path in files:
        for p in problems(path):
            print(f"symbols: {path.name} {p}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
