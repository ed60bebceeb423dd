#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over the sources of kernel and plugins, as errors.

usage: tidy.py <build folder with compile_commands.json> [file…]
In a build folder whose sources are grouped (FAIRLEAD_UNITY) it looks at the groups, which share the headers and take
a fifth of the time. What passed before, with all that it includes, is not looked at again (build/tidy/passed).
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARKS = ROOT / "build/tidy/passed"
# Flags of g++ that clang does not know.
UNKNOWN = {"-fno-gnu-unique"}


def sources(path, build):
    """The sources behind an entry: itself, or those of a group."""
    if path.is_relative_to(build / "unity"):
        return [pathlib.Path(name) for name in re.findall(r'#include "(.*)"', path.read_text())]
    return [path]


def ours(path):
    """In kernel or plugins, and neither test nor fuzz target nor made by the build."""
    if not path.is_relative_to(ROOT) or path.suffix != ".cpp":
        return False
    parts = path.relative_to(ROOT).parts
    return parts[0] in {"kernel", "plugins"} and "tests" not in parts and "fuzz" not in parts


def commands(build):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if all(ours(source) for source in sources(path, build)):
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
    text = subprocess.run(["clang++-14", "-E", "-P", *flags, "-Wno-everything", str(path)], cwd=directory,
                          capture_output=True).stdout
    config = (ROOT / ".clang-tidy").read_bytes()
    return MARKS / hashlib.sha256(text + config + str(path.relative_to(ROOT)).encode()).hexdigest()


def check(job):
    path, directory, flags = job
    done = mark(path, directory, flags)
    if done.exists():
        return ""
    # A group does what this check is against: it includes sources.
    run = subprocess.run(["clang-tidy-14", "--quiet", "--checks=-bugprone-suspicious-include", str(path), "--", *flags,
                          "-Wno-everything"], cwd=directory, capture_output=True, text=True)
    if run.returncode == 0:
        done.touch()
        return ""
    return run.stdout[:4000]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wanted = {str(pathlib.Path(name).resolve()) for name in sys.argv[2:]}
    MARKS.mkdir(parents=True, exist_ok=True)
    jobs = [job for job in commands(build)
            if not wanted or wanted & {str(source) for source in sources(job[0], build)}]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(check, jobs) if text]
    if not jobs:
        found = [f"{build}/compile_commands.json names no source of ours"]
    print("\n".join(found) or f"clang-tidy: {len(jobs)} compiler runs, no findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
