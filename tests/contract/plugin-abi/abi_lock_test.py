#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layout lock must see each kind of forbidden edit, and let a legal one pass."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHECK = ROOT / "scripts" / "check" / "abi.py"
ABI = "fairlead/abi.h"
PROTOCOL = "fairlead/factory/protocol.h"

# What is edited, from, to, and what the check must say.
EDITS = {
    "insert in the middle": ("fairlead/plugin.h", "uint32_t flags;\n    uint32_t pointer_bytes;",
                             "uint32_t flags;\n    uint32_t extra;\n    uint32_t pointer_bytes;",
                             "fl_module.pointer_bytes was at"),
    "widen a member": ("fairlead/plugin.h", "uint32_t pointer_bytes;", "uint64_t pointer_bytes;",
                       "fl_module.pointer_bytes was at"),
    "swap two members": (ABI, "int64_t i;\n    double d;", "double d;\n    int64_t i;",
                         "fl_value.i was at"),
    "renumber a constant": (ABI, "FL_E_LIMIT = -8", "FL_E_LIMIT = -80",
                            "constant FL_E_LIMIT was -8, now -80"),
    "remove a constant": (ABI, "FL_MORE = 3,", "", "constant FL_MORE is gone"),
    "grow a frozen struct": (ABI, "double d;\n    fl_str s;", "double d;\n    fl_str s;\n    int64_t x;",
                             "fl_value is FROZEN"),
    "use a union": (ABI, "double d;\n    fl_str s;", "double d;\n    union { int a; } u;\n    fl_str s;",
                    "not allowed in a struct of the ABI"),
}


def run(include, dump, *more):
    return subprocess.run([sys.executable, str(CHECK), "--include", str(include), "--dump",
                           str(dump), *more], capture_output=True, text=True)


def edited(folder, header, old, new):
    include = folder / "include"
    shutil.copytree(ROOT / "plugin-api" / "include", include)
    path = include / header
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{header} has no '{old}' any more: update this test"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return include


def check_forbidden(dump):
    for what, (header, old, new, words) in EDITS.items():
        with tempfile.TemporaryDirectory() as tmp:
            include = edited(pathlib.Path(tmp), header, old, new)
            done = run(include, dump)
            assert done.returncode != 0, f"{what}: not noticed"
            assert words in done.stderr, f"{what}: said {done.stderr!r}"
            assert run(include, dump, "--update").returncode != 0, f"{what}: --update let it pass"


def check_legal(dump):
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        end = "} fl_protocol_factory;"
        include = edited(folder, PROTOCOL, end, "    uint32_t (*later)(void);\n" + end)
        copy = folder / "dump.txt"
        shutil.copy(dump, copy)
        done = run(include, copy)
        assert done.returncode != 0 and "--update" in done.stderr, done.stderr
        assert run(include, copy, "--update").returncode == 0
        assert run(include, copy).returncode == 0
        assert "later" in copy.read_text(encoding="utf-8")


def main():
    dump = ROOT / "plugin-api" / "abi" / "v1.0.txt"
    done = run(ROOT / "plugin-api" / "include", dump)
    assert done.returncode == 0, done.stderr
    check_forbidden(dump)
    check_legal(dump)
    return 0


if __name__ == "__main__":
    sys.exit(main())
