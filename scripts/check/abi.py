#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layout lock of the plugin ABI: may only grow at its ends.

Compiles a probe over all headers of plugin-api, prints size and member offsets of every struct and
the value of every constant, and compares with the committed dump plugin-api/abi/v1.0.txt:

  abi.py            what is in the dump must be there unchanged; new members may only follow the
                    last one, FROZEN structs may not change at all
  abi.py --update   the same check, then writes the dump and fairlead/layout.h (static assertions
                    for the plugin's own compiler) with what was appended
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYOUT = "fairlead/layout.h"  # written by this script


def headers(include):
    found = (p.relative_to(include).as_posix() for p in include.glob("fairlead/**/*.h"))
    return sorted(h for h in found if h != LAYOUT)


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def parse(include):
    """Structs with their members, frozen names, and constants, in order of appearance."""
    structs, frozen, constants = {}, set(), []
    for name in headers(include):
        raw = (include / name).read_text(encoding="utf-8")
        # The comment right in front of a struct says whether it is frozen.
        pattern = r"/\*(?:(?!\*/).)*?FROZEN(?:(?!\*/).)*?\*/\s*typedef struct (\w+)"
        for m in re.finditer(pattern, raw, re.S):
            frozen.add(m.group(1))
        text = strip_comments(raw)
        for m in re.finditer(r"typedef struct (\w+) \{(.*?)\} (\w+);", text, re.S):
            structs[m.group(3)] = members(m.group(2))
        for m in re.finditer(r"enum \{(.*?)\};", text, re.S):
            constants += re.findall(r"\b(FL_[A-Z0-9_]+)\s*=", m.group(1))
    return structs, frozen, constants


def members(body):
    found = []
    for part in re.sub(r"\s+", " ", body).split(";"):
        part = part.strip()
        if not part or re.search(r"\b(union|bool|long|enum)\b|:\s*\d", part):
            if part:
                sys.exit(f"abi: not allowed in a struct of the ABI: {part}")
            continue
        pointer = re.search(r"\(\*\s*(\w+)\)\s*\(", part)
        plain = re.search(r"(\w+)(?:\[\w+\])?$", part)
        found.append((pointer or plain).group(1))
    return found


def probe(include, structs, constants, compiler):
    lines = ["#include <stdio.h>", "#include <stddef.h>"]
    lines += [f'#include "{h}"' for h in headers(include)]
    lines.append("int main(void) {")
    for name, fields in structs.items():
        lines.append(f'printf("struct {name} %zu\\n", sizeof({name}));')
        for f in fields:
            lines.append(f'printf("  {f} %zu %zu\\n", offsetof({name}, {f}), '
                         f"sizeof((({name} *)0)->{f}));")
    for c in constants:
        lines.append(f'printf("const {c} %lld\\n", (long long){c});')
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as tmp:
        source = pathlib.Path(tmp) / "probe.c"
        binary = pathlib.Path(tmp) / "probe"
        source.write_text("\n".join(lines), encoding="utf-8")
        subprocess.run([compiler, "-std=c11", f"-I{include}", str(source), "-o", str(binary)],
                       check=True)
        return subprocess.run([str(binary)], check=True, capture_output=True, text=True).stdout


def load(text):
    structs, constants, current = {}, {}, None
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        if words[0] == "struct":
            current = structs[words[1]] = {"size": int(words[2]), "members": []}
        elif words[0] == "const":
            constants[words[1]] = int(words[2])
        else:
            current["members"].append((words[0], int(words[1]), int(words[2])))
    return structs, constants


def compare(old_text, new_text, frozen):
    """What breaks the promise, as sentences."""
    old, old_constants = load(old_text)
    new, new_constants = load(new_text)
    problems = []
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            problems.append(f"struct {name} is gone")
            continue
        kept = after["members"][:len(before["members"])]
        for was, now in zip(before["members"], kept):
            if was != now:
                problems.append(f"{name}.{was[0]} was at {was[1]} ({was[2]} bytes), now there is "
                                f"{now[0]} at {now[1]} ({now[2]} bytes)")
                break
        if len(kept) < len(before["members"]):
            problems.append(f"{name} lost the member {before['members'][len(kept)][0]}")
        grown = len(after["members"]) > len(before["members"]) or after["size"] != before["size"]
        if name in frozen and grown:
            problems.append(f"{name} is FROZEN and has changed")
        elif grown and before["members"][0][0] != "size":
            problems.append(f"{name} has no size member and has grown")
    for name, value in old_constants.items():
        if name not in new_constants:
            problems.append(f"constant {name} is gone")
        elif new_constants[name] != value:
            problems.append(f"constant {name} was {value}, now {new_constants[name]}")
    return problems


def asserts(dump, include):
    structs, _ = load(dump)
    out = ["/* SPDX-License-Identifier: Apache-2.0",
           " *",
           " * Written by scripts/check/abi.py --update. Include it once in a plugin: odd compiler",
           " * flags (packed structs, 32 bit) then fail there and not at the server. */",
           "#ifndef FAIRLEAD_LAYOUT_H", "#define FAIRLEAD_LAYOUT_H", "", "/* clang-format off */"]
    out += [f'#include "{h}"' for h in headers(include)]
    out += ["", "#ifdef __cplusplus",
            "#define FL_LAYOUT(condition) static_assert(condition, #condition)", "#else", "#define FL_LAYOUT(condition) _Static_assert(condition, #condition)", "#endif",
            "", "#if UINTPTR_MAX == UINT64_MAX"]
    for name, struct in structs.items():
        field, offset, _ = struct["members"][-1]
        out.append(f"FL_LAYOUT(sizeof({name}) == {struct['size']});")
        out.append(f"FL_LAYOUT(offsetof({name}, {field}) == {offset});")
    out += ["#endif", "", "#endif", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "plugin-api" / "include")
    parser.add_argument("--dump", type=pathlib.Path,
                        default=ROOT / "plugin-api" / "abi" / "v1.0.txt")
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    structs, frozen, constants = parse(args.include)
    new = probe(args.include, structs, constants, args.compiler)
    old = args.dump.read_text(encoding="utf-8") if args.dump.exists() else ""
    problems = compare(old, new, frozen)
    for p in problems:
        print(f"abi: {p}", file=sys.stderr)
    if problems:
        return 1
    layout = args.include / LAYOUT
    wanted = asserts(new, args.include)
    if args.update:
        head = "# Layout of plugin-api on 64-bit machines; see scripts/check/abi.py.\n"
        args.dump.write_text(head + new, encoding="utf-8")
        layout.write_text(wanted, encoding="utf-8")
    elif load(old) != load(new) or layout.read_text(encoding="utf-8") != wanted:
        print("abi: something was appended; run scripts/check/abi.py --update and commit",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
