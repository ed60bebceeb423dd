#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Groups sources into a few large translation units, so that shared headers are read once.

usage: unity.py <output folder> <files per group> <source>…
Prints the generated files, separated by ';'. Two sources that define the same name in an anonymous namespace
never share a group; that is what a plain unity build trips over.
"""
import pathlib
import re
import sys

NAME = re.compile(
    r"(?:\b(?:struct|class|enum(?:\s+class)?|union)\s+(?:alignas\([^)]*\)\s*)?(\w+))|"
    r"(?:\busing\s+(\w+)\s*=)|(?:(?<!::)\b([A-Za-z_]\w*)\s*\()|"
    r"(?:(?<!::)\b([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)?(?:=|\{|;))")
# What stands before a bracket without being declared.
WORDS = {"alignas", "class", "const", "decltype", "enum", "final", "mutable", "noexcept", "override", "static_assert",
         "struct", "TestFixture"}
# May be repeated as long as it means the same: using base::Result; namespace network = fairlead::network;
SAME = re.compile(r"\busing\s+(?:[\w:]+::)?(\w+)\s*;|\bnamespace\s+(\w+)\s*=[^;]*;|\busing\s+namespace\s[^;]*;")
# CppUnit names what it registers after the line.
REGISTRATION = "CPPUNIT_TEST_SUITE_REGISTRATION"


def blank(text):
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def top_of(text, position):
    """The text at the top of the block that begins at `position`."""
    depth, top = 1, []
    while position < len(text) and depth > 0:
        char = text[position]
        depth += (char == "{") - (char == "}")
        if depth == 1 or (depth == 2 and char == "{"):
            top.append(char)
        position += 1
    return "".join(top)


def anonymous_names(path):
    """Every name that could be declared at the top of an anonymous namespace, too many rather than too few; with what
    it means where two sources may say the same."""
    text = blank(path.read_text(encoding="utf-8"))
    names = {f"{REGISTRATION} {text.count(chr(10), 0, m.start())}": path
             for m in re.finditer(rf"\b{REGISTRATION}\b", text)}
    for start in re.finditer(r"\bnamespace\s*\{", text):
        top = top_of(text, start.end())
        for match in SAME.finditer(top):
            name = match.group(1) or match.group(2)
            if name:
                names.setdefault(name, match.group(0))
        for match in NAME.finditer(SAME.sub("", top)):
            name = next(group for group in match.groups() if group)
            if name not in WORDS | {REGISTRATION}:
                names[name] = path
    return names


def clash(some, others):
    return any(some[name] != others[name] for name in some.keys() & others.keys())


def group(sources, size):
    groups = []
    for source in sources:
        names = anonymous_names(source)
        for entry in groups:
            if len(entry[0]) < size and not clash(names, entry[1]):
                entry[0].append(source)
                entry[1].update(names)
                break
        else:
            groups.append(([source], dict(names)))
    return [entry[0] for entry in groups]


def main():
    folder, size = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for index, sources in enumerate(group([pathlib.Path(s) for s in sys.argv[3:]], size)):
        path = folder / f"group{index}.cpp"
        text = "".join(f'#include "{source}"\n' for source in sources)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        out.append(str(path))
    print(";".join(out), end="")


if __name__ == "__main__":
    main()
