#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles on its own: C headers as C11 and C++17 (both compilers), the rest as C++20."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
C_MODES = [("gcc", "c", "c11"), ("g++", "c++", "c++17"), ("clang", "c", "c11"), ("clang++", "c++", "c++17")]


def include_paths(root):
    folders = sorted((root / "kernel").glob("*/include")) + [root / "plugin-api/include", root / "sdk/include",
                                                              root / "sdk/testkit/include", root / "tests/support/include"]
    return [f"-I{folder}" for folder in folders if folder.is_dir()]


def jobs(root):
    for header in sorted((root / "plugin-api/include").rglob("*.h")):
        for compiler, language, standard in C_MODES:
            yield [compiler, "-x", language, f"-std={standard}", *WARNINGS, f"-I{root}/plugin-api/include", str(header)]
    paths = include_paths(root)
    public = [h for folder in ("kernel", "sdk") for h in sorted((root / folder).rglob("include/**/*.hpp"))]
    # The pragma-once warning is about compiling a header as the main file, which is the point here. Many headers
    # share one compiler run by being included from a generated line each.
    for header in public:
        yield ["g++", "-x", "c++", "-std=c++20", *WARNINGS, "-DBOOST_ASIO_SEPARATE_COMPILATION", *paths,
               "-include", str(header), "/dev/null"]


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{command[-1] if command[-1] != '/dev/null' else command[-2]}: {result.stderr[:800]}"


def check(root):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [text for text in pool.map(run, jobs(root)) if text]


if __name__ == "__main__":
    found = check(ROOT)
    print("\n".join(found) or "headers: ok")
    sys.exit(1 if found else 0)
