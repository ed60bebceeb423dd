#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over the sources of kernel and plugins, as errors.

usage: tidy.py <build folder with compile_commands.json> [file…]
A file whose preprocessed content passed before is not looked at again (build/tidy holds the marks).
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARKS = ROOT / "build/tidy"
# Flags of g++ that clang does not know.
UNKNOWN = {"-fno-gnu-unique"}


def commands(build):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in {"kernel", "plugins"} \
                and "tests" not in path.parts and "fuzz" not in path.parts and path.suffix == ".cpp":
            words = shlex.split(entry["command"])
            words = words[1:] if words[0].endswith("ccache") else words
            flags = [w for w in words[1:] if w not in UNKNOWN]
            yield path, entry["directory"], strip_outputs(flags)


def strip_outputs(flags):
    out, skip = [], False
    for word in flags:
        if skip:
            skip = False
        elif word in {"-o", "-MT", "-MF", "-c"}:
            skip = word != "-c"
        elif word not in {"-MD"} and not word.endswith(".cpp"):
            out.append(word)
    return out


def mark(path, directory, flags):
    text = subprocess.run(["clang++-14", "-E", "-P", *flags, "-Wno-everything", str(path)], cwd=directory, capture_output=True).stdout
    config = (ROOT / ".clang-tidy").read_bytes()
    return MARKS / hashlib.sha256(text + config + str(path.relative_to(ROOT)).encode()).hexdigest()


def check(job):
    path, directory, flags = job
    done = mark(path, directory, flags)
    if done.exists():
        return ""
    run = subprocess.run(["clang-tidy-14", "--quiet", str(path), "--", *flags, "-Wno-everything"], cwd=directory,
                         capture_output=True, text=True)
    if run.returncode == 0:
        done.touch()
        return ""
    return run.stdout[:4000]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wanted = {str(pathlib.Path(name).resolve()) for name in sys.argv[2:]}
    MARKS.mkdir(parents=True, exist_ok=True)
    jobs = [job for job in commands(build) if not wanted or str(job[0]) in wanted]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(check, jobs) if text]
    print("\n".join(found) or f"clang-tidy: {len(jobs)} files ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
