#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses includes that kernel/LAYERS.toml, or the border between plugins and kernel, does not allow."""
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
DATA_HEADERS = {"fairlead/abi.h", "fairlead/message.h"}
CALL_HEADERS = DATA_HEADERS | {"fairlead/factory/protocol.h", "fairlead/factory/network.h"}
VISIBLE = {"data": DATA_HEADERS, "calls": CALL_HEADERS}


def sources(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".hpp", ".cpp", ".h", ".c"}:
            yield path


def includes(path):
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1)


def is_plugin_api(name, root):
    return (root / "plugin-api/include" / name).exists()


def check_table(layers):
    problems = []
    for name, entry in layers.items():
        for used in entry["uses"]:
            if used not in layers:
                problems.append(f"LAYERS.toml: {name} uses {used}, which is not listed")
            elif layers[used]["layer"] >= entry["layer"]:
                problems.append(f"LAYERS.toml: {name} uses {used}, which is not in a lower layer")
    return problems


def check_kernel(root, layers):
    problems = []
    for folder in sorted((root / "kernel").iterdir()):
        if not folder.is_dir() or folder.name == "decisions":
            continue
        if folder.name not in layers:
            problems.append(f"kernel/{folder.name}: not listed in LAYERS.toml")
            continue
        entry = layers[folder.name]
        allowed = set(entry["uses"]) | {folder.name}
        for path in sources(folder):
            for line, name in includes(path):
                where = f"{path.relative_to(root)}:{line}"
                module = re.match(r"fairlead/(\w+)/", name)
                if is_plugin_api(name, root):
                    level = entry.get("plugin_api")
                    if level != "tables" and name not in VISIBLE.get(level, set()):
                        problems.append(f"{where}: {folder.name} may not include {name} (plugin-api)")
                elif name.startswith("fairlead/sdk/"):
                    problems.append(f"{where}: the kernel does not include the SDK ({name})")
                elif module and module.group(1) in layers and module.group(1) not in allowed:
                    problems.append(f"{where}: {folder.name} may not include {module.group(1)} ({name})")
    return problems


def check_outside(root, layers):
    problems = []
    for top in ("plugins", "sdk", "plugin-api"):
        for path in sources(root / top):
            for line, name in includes(path):
                module = re.match(r"fairlead/(\w+)/", name)
                if module and module.group(1) in layers and not is_plugin_api(name, root):
                    problems.append(f"{path.relative_to(root)}:{line}: {top} may not include the kernel ({name})")
                if top == "plugin-api" and path.suffix == ".h" and name.startswith("fairlead/") is False \
                        and name not in {"stddef.h", "stdint.h"}:
                    problems.append(f"{path.relative_to(root)}:{line}: plugin-api includes only stddef.h and stdint.h ({name})")
    return problems


def check(root):
    layers = tomllib.loads((root / "kernel/LAYERS.toml").read_text(encoding="utf-8"))
    return check_table(layers) + check_kernel(root, layers) + check_outside(root, layers)


if __name__ == "__main__":
    found = check(ROOT)
    print("\n".join(found) or "layers: ok")
    sys.exit(1 if found else 0)
