#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each check refuses what it is there to refuse, on trees made for the purpose."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import layers
import style

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cmake"))
import unity  # noqa: E402

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class Tree:
    """A small repository in a temporary folder."""

    def __init__(self, files):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        base = {"kernel/LAYERS.toml": '[base]\nlayer = 0\nuses = []\n[web]\nlayer = 1\nuses = ["base"]\nplugin_api = "data"\n',
                "plugin-api/include/fairlead/abi.h": "", "plugin-api/include/fairlead/plugin.h": ""}
        for name, text in {**base, **files}.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for folder in ("plugins", "sdk"):
            (self.root / folder).mkdir(exist_ok=True)
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)

    def layers(self):
        return layers.check(self.root)

    def style(self, name):
        return style.check_file(self.root, self.root / name)


class Layers(unittest.TestCase):
    def test_accepts_a_lower_layer(self):
        self.assertEqual([], Tree({"kernel/web/src/a.cpp": '#include "fairlead/base/x.hpp"\n'}).layers())

    def test_refuses_a_higher_layer(self):
        self.assertEqual(1, len(Tree({"kernel/base/src/a.cpp": '#include "fairlead/web/x.hpp"\n'}).layers()))

    def test_refuses_plugin_tables_to_a_data_module(self):
        self.assertEqual(1, len(Tree({"kernel/web/src/a.cpp": '#include "fairlead/plugin.h"\n'}).layers()))

    def test_accepts_plugin_data(self):
        self.assertEqual([], Tree({"kernel/web/src/a.cpp": '#include "fairlead/abi.h"\n'}).layers())

    def test_refuses_the_kernel_to_a_plugin(self):
        self.assertEqual(1, len(Tree({"plugins/x/src/a.cpp": '#include "fairlead/base/x.hpp"\n'}).layers()))

    def test_refuses_an_unlisted_module(self):
        self.assertEqual(1, len(Tree({"kernel/new/src/a.cpp": "\n"}).layers()))

    def test_refuses_a_cycle_in_the_table(self):
        tree = Tree({"kernel/LAYERS.toml": '[base]\nlayer = 0\nuses = ["web"]\n[web]\nlayer = 1\nuses = ["base"]\n'})
        self.assertEqual(1, len(tree.layers()))


class Style(unittest.TestCase):
    def refused(self, text, name="kernel/base/src/a.cpp"):
        return Tree({name: text}).style(name)

    def test_accepts_a_plain_file(self):
        self.assertEqual([], self.refused(SPDX + "int f() {\n    return 1;\n}\n"))

    def test_wants_the_licence_line(self):
        self.assertEqual(1, len(self.refused("int f();\n")))

    def test_refuses_things_left_for_later(self):
        self.assertEqual(1, len(self.refused(SPDX + "// TO" + "DO more\n")))

    def test_refuses_sleeping(self):
        self.assertEqual(1, len(self.refused(SPDX + "void f() { std::this_thread::sleep_for(x); }\n")))

    def test_ignores_banned_words_in_literals(self):
        self.assertEqual([], self.refused(SPDX + 'const char* t = "assert(1)";\n'))

    def test_refuses_a_long_function(self):
        self.assertEqual(1, len(self.refused(SPDX + "int f(int a) {\n" + "    ++a;\n" * 80 + "    return a;\n}\n")))

    def test_accepts_a_long_class_of_short_functions(self):
        body = "".join(f"    int f{i}() {{\n        return {i};\n    }}\n" for i in range(40))
        self.assertEqual([], self.refused(SPDX + "class A {\n" + body + "};\n"))

    def test_refuses_a_long_file(self):
        self.assertEqual(1, len(self.refused(SPDX + "int a;\n" * 900)))

    def test_refuses_a_name_that_is_not_used(self):
        self.assertEqual(1, len(self.refused(SPDX + "using base::Result;\n// Result\n")))
        self.assertEqual(1, len(self.refused(SPDX + "namespace net = fairlead::network;\n")))

    def test_accepts_a_name_that_is_used(self):
        self.assertEqual([], self.refused(SPDX + "using base::Result;\nResult f();\n"))
        self.assertEqual([], self.refused(SPDX + "namespace net = fairlead::network;\nnet::Engine e;\n"))


class Groups(unittest.TestCase):
    def groups(self, *texts):
        tree = Tree({f"{i}.cpp": text for i, text in enumerate(texts)})
        found = unity.group([tree.root / f"{i}.cpp" for i in range(len(texts))], 10)
        return [[int(path.stem) for path in sources] for sources in found]

    def test_keeps_equal_names_apart(self):
        for one, other in (("int f(int a) { return g(a); }", "long f() { return 1; }"), ("struct A { int x; };", "class A {};"),
                           ("constexpr int kA = 1'000;", "const char kA[]{'a'};"), ("using base::A;", "struct A {};"),
                           ("using base::A;", "using web::A;"), ("enum class E : int { A };", "using E = int;")):
            texts = [f"namespace {{\n{text}\n}}\n" for text in (one, other)]
            self.assertEqual([[0], [1]], self.groups(*texts), texts)

    def test_groups_what_only_looks_equal(self):
        texts = ["namespace {\nusing base::A;\nint f(A x) noexcept { return h(x); }\n}\n",
                 "namespace {\nusing base::A;\nint g(A x) noexcept { int f = x; return h(f); }\n}\n"]
        self.assertEqual([[0, 1]], self.groups(*texts))

    def test_keeps_registrations_of_the_same_line_apart(self):
        self.assertEqual([[0], [1]], self.groups("\nCPPUNIT_TEST_SUITE_REGISTRATION(A);\n", "\nCPPUNIT_TEST_SUITE_REGISTRATION(B);\n"))
        self.assertEqual([[0, 1]], self.groups("CPPUNIT_TEST_SUITE_REGISTRATION(A);\n", "\nCPPUNIT_TEST_SUITE_REGISTRATION(B);\n"))


if __name__ == "__main__":
    unittest.main()
