#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that a program can make better than a reviewer: format, licence lines, banned words, sizes, catches.

Each ban names what to use instead. Exceptions stand in scripts/check/allow/<rule>.txt and may only shrink.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = {".hpp", ".cpp", ".h", ".c"}
FOLDERS = ("kernel", "plugin-api", "sdk", "plugins", "tests")
LINES_MAX = 800
FUNCTION_LINES_MAX = 70
SPDX = "SPDX-License-Identifier: Apache-2.0"

BANNED = [
    (r"\b(TODO|FIXME|XXX)\b", "finish it, or open an issue", None),
    (r"\bassert\s*\(", "FL_ASSERT for our bugs, Result for the world's", r"^(kernel|plugins)/"),
    (r"\busing namespace std;", "name what you use", None),
    (r"\bstd::regex\b", "a small parser: std::regex is slow and recursive", r"^(kernel|sdk|plugins)/"),
    (r"\bsleep_for\s*\(|\busleep\s*\(", "wait for an event", r"^(kernel|plugins|tests/(unit|contract))/"),
    (r"\b(strcpy|strcat|sprintf|gets)\s*\(", "std::string or snprintf", None),
    (r"\brand\s*\(\)", "base::randomHex, or a seeded generator in tests", None),
    (r"\bdlopen\s*\(", "kernel/plugin's loader", r"^kernel/(?!plugin/)"),
]


def tracked(root):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, check=True,
                         capture_output=True, text=True).stdout
    return [root / line for line in out.splitlines() if (root / line).is_file()]


def allowed(root, rule):
    path = root / "scripts/check/allow" / f"{rule}.txt"
    if not path.exists():
        return set()
    return {line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")}


def strip(text):
    """Text with comments and literals blanked, positions kept."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def function_lengths(text):
    """(first line, lines) of each brace block that follows a parameter list outside of any function."""
    depth, stack, out = 0, [], []
    for match in re.finditer(r"[{}]", text):
        if match.group(0) == "{":
            before = text[max(0, match.start() - 300):match.start()].rstrip()
            opens = bool(re.search(r"\)\s*(const|noexcept(\([^)]*\))?|override|final|mutable|&&?|->[\w:<>,&*\s]+|\s)*$", before)) \
                or bool(re.search(r"\)\s*:\s*[^;{}]*$", before))
            control = bool(re.search(r"\b(if|for|while|switch|catch)\s*(constexpr\s*)?\([^;{}]*\)$|\b(else|do|try)$", before))
            inside = any(kind for kind, _ in stack)
            stack.append((opens and not control and not inside, match.start()))
        elif stack:
            kind, start = stack.pop()
            if kind:
                first = text.count("\n", 0, start) + 1
                out.append((first, text.count("\n", start, match.start()) + 1))
    return out


def names_of_others(name, bare):
    """Declarations of a source that bring in a name which it then does not use. clang-tidy looks for these only in the
    file that it is given, and it is given groups of them."""
    problems = []
    for match in re.finditer(r"\busing\s+[\w:]+::(\w+)\s*;|\bnamespace\s+(\w+)\s*=[^;]*;", bare):
        used = match.group(1) or match.group(2)
        if len(re.findall(rf"\b{used}\b", bare.replace(match.group(0), ""))) == 0:
            problems.append(f"{name}:{bare.count(chr(10), 0, match.start()) + 1}: '{used}' is not used")
    return problems


def check_file(root, path):
    name = str(path.relative_to(root))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    problems = []
    is_code = path.suffix in CODE and name.split("/")[0] in FOLDERS
    if not is_code and path.suffix not in {".py", ".cmake", ".sh"} and path.name != "CMakeLists.txt":
        return []
    if SPDX not in "\n".join(text.splitlines()[:4]):
        problems.append(f"{name}: the first lines lack '{SPDX}'")
    if not is_code:
        return problems
    bare = strip(text)
    if text.count("\n") > LINES_MAX:
        problems.append(f"{name}: {text.count(chr(10))} lines, at most {LINES_MAX}")
    for pattern, instead, where in BANNED:
        if where and not re.match(where, name):
            continue
        source = text if "TODO" in pattern else bare
        for match in re.finditer(pattern, source):
            line = source.count("\n", 0, match.start()) + 1
            if f"{name}" in allowed(root, "banned"):
                continue
            problems.append(f"{name}:{line}: '{match.group(0).strip()}' is banned: {instead}")
    if path.suffix == ".cpp":
        problems += names_of_others(name, bare)
    if name not in allowed(root, "long_function"):
        for line, count in function_lengths(bare):
            if count > FUNCTION_LINES_MAX:
                problems.append(f"{name}:{line}: a function of {count} lines, at most {FUNCTION_LINES_MAX}")
    return problems


def check_format(root, files):
    names = [str(f) for f in files if f.suffix in CODE and f.relative_to(root).parts[0] in FOLDERS]
    problems = []
    for start in range(0, len(names), 50):
        run = subprocess.run(["clang-format-14", "--dry-run", "-Werror", "--ferror-limit=1", *names[start:start + 50]],
                             capture_output=True, text=True)
        problems += sorted({line.split(":")[0] for line in run.stderr.splitlines() if "error:" in line})
    return [f"{pathlib.Path(p).relative_to(root)}: run clang-format on it" for p in problems]


def check(root):
    files = tracked(root)
    problems = []
    for path in files:
        problems += check_file(root, path)
    return problems + check_format(root, files)


if __name__ == "__main__":
    found = check(ROOT)
    print("\n".join(found) or "style: ok")
    sys.exit(1 if found else 0)
