#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Somebody else's first plugin: installs the SDK to a private place, copies the template, builds it
# with each compiler that is there, and looks at what it exports.
#   template_test.sh <build directory> <source directory>
set -euo pipefail
build=$1
source=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cmake --install "$build" --component sdk --prefix "$place/sdk" >/dev/null
for pair in gcc:g++ clang:clang++; do
    command -v "${pair#*:}" >/dev/null || continue
    cp -r "$source/sdk/templates/protocol" "$place/${pair%:*}"
    (
        cd "$place/${pair%:*}"
        cmake -B build -DCMAKE_PREFIX_PATH="$place/sdk" -DCMAKE_C_COMPILER="${pair%:*}" \
            -DCMAKE_CXX_COMPILER="${pair#*:}" >/dev/null
        cmake --build build >/dev/null
        python3 "$source/scripts/check/symbols.py" build/my-protocol.so
    )
done
