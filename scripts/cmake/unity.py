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
    r"(?:\busing\s+(\w+)\s*=)|(?:\b(\w+)\s*\()|(?:\b(\w+)\s*(?:\[[^\]]*\]\s*)?(?:=|\{|;))")


def blank(text):
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda m: " " * len(m.group(0)), text, flags=re.S)


def anonymous_names(path):
    """Every name that could be declared at the top of an anonymous namespace; too many rather than too few."""
    text = blank(path.read_text(encoding="utf-8"))
    names = set()
    for start in re.finditer(r"\bnamespace\s*\{", text):
        depth, position, top = 1, start.end(), []
        while position < len(text) and depth > 0:
            char = text[position]
            depth += (char == "{") - (char == "}")
            if depth == 1 or (depth == 2 and char == "{"):
                top.append(char)
            position += 1
        for match in NAME.finditer("".join(top)):
            names.add(next(group for group in match.groups() if group))
    return names


def group(sources, size):
    groups = []
    for source in sources:
        names = anonymous_names(source)
        for entry in groups:
            if len(entry[0]) < size and not names & entry[1]:
                entry[0].append(source)
                entry[1].update(names)
                break
        else:
            groups.append(([source], set(names)))
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
