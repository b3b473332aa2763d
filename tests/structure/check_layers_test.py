"""The layer check itself: a tree that is right passes, and each kind of mistake is named."""
import pathlib
import tempfile
import unittest

import check_layers

RIGHT = {
    "lib/stoker/CMakeLists.txt": "set(rooms core config kernels)\nlist(APPEND rooms nn models train)\n",
    "lib/stoker/core/CMakeLists.txt": "stoker_room(core SOURCES error.cpp)",
    "lib/stoker/core/error.cpp": '#include <string>\n#include "stoker/core/error.h"\n',
    "lib/stoker/core/error.h": "#pragma once\n",
    "lib/stoker/config/CMakeLists.txt":
        "stoker_room(config SOURCES yaml.cpp PUBLIC stoker::core PRIVATE yaml-cpp::yaml-cpp)",
    "lib/stoker/config/yaml.cpp": '#include <yaml-cpp/yaml.h>\n#include "stoker/core/error.h"\n',
    "lib/stoker/kernels/CMakeLists.txt": "stoker_room(kernels CUDA blur.cu PUBLIC stoker::core)",
    "lib/stoker/kernels/blur.cu": '// see <torch/torch.h>\n#include "stoker/core/error.h"\n',
    "lib/stoker/nn/CMakeLists.txt": "stoker_room(nn SOURCES a.cpp PUBLIC stoker::config TORCH)",
    "lib/stoker/nn/a.cpp": '#include <torch/torch.h>\n#include "stoker/core/error.h"\n',
    "lib/stoker/models/CMakeLists.txt":
        "stoker_room(models SOURCES a.cpp PUBLIC stoker::core PRIVATE stoker::nn TORCH)",
    "lib/stoker/models/a.cpp": '#include "stoker/nn/a.h"\n',
    "lib/stoker/train/CMakeLists.txt": "stoker_room(train SOURCES a.cpp PUBLIC stoker::models TORCH)",
    "lib/stoker/train/a.cpp": '#include "stoker/models/a.h"\n',
    "apps/stoker/main.cpp": '#include <CLI/CLI.hpp>\n#include "stoker/train/a.h"\n',
}


class LayersTest(unittest.TestCase):
    def problems(self, changes=None):
        with tempfile.TemporaryDirectory() as folder:
            top = pathlib.Path(folder)
            for name, text in {**RIGHT, **(changes or {})}.items():
                (top / name).parent.mkdir(parents=True, exist_ok=True)
                (top / name).write_text(text)
            return list(check_layers.check(top))

    def assert_only(self, changes, *words):
        problems = self.problems(changes)
        self.assertEqual(len(problems), 1, problems)
        for word in words:
            self.assertIn(word, problems[0])

    def test_right_tree_passes(self):
        self.assertEqual(self.problems(), [])

    def test_upward_include(self):
        self.assert_only({"lib/stoker/core/error.cpp": '\n  #  include "stoker/config/fields.h"\n'},
                         "lib/stoker/core/error.cpp:2", "config is not below core")

    def test_upward_link(self):
        self.assert_only({"lib/stoker/core/CMakeLists.txt": "stoker_room(core PRIVATE stoker::nn)"},
                         "core/CMakeLists.txt: links nn")

    def test_include_of_a_room_that_is_not_linked(self):
        self.assert_only({"lib/stoker/kernels/blur.cu": '#include "stoker/config/fields.h"\n'},
                         "does not link stoker::config")

    def test_private_links_are_not_passed_on(self):
        self.assert_only({"lib/stoker/train/a.cpp": '#include "stoker/nn/a.h"\n'},
                         "does not link stoker::nn")

    def test_torch_below_torch(self):
        for header in ("torch/torch.h", "ATen/core/Tensor.h", "c10/util/Half.h"):
            self.assert_only({"lib/stoker/core/error.h": f"#include <{header}>\n"},
                             "core, which is below LibTorch, includes " + header)

    def test_torch_in_cu(self):
        self.assert_only({"lib/stoker/nn/fused.cu": "#include <ATen/core/Tensor.h>\n"}, "a .cu file")

    def test_comments_are_no_includes(self):
        self.assertEqual(self.problems(
            {"lib/stoker/core/error.h": "/*\n#include <torch/torch.h>\n*/\n// #include <CLI/CLI.hpp>\n"}), [])

    def test_libraries_at_home_elsewhere(self):
        self.assert_only({"lib/stoker/nn/a.cpp": "#include <yaml-cpp/yaml.h>\n",
                          "lib/stoker/config/yaml.cpp": ""}, "only config includes yaml-cpp")
        self.assert_only({"lib/stoker/train/a.cpp": "#include <CLI/CLI.hpp>\n"}, "only apps")
        self.assert_only({"lib/stoker/train/a.cpp": "#include <opencv2/core.hpp>\n"}, "OpenCV")

    def test_second_file_with_yaml(self):
        self.assert_only({"lib/stoker/config/read.cpp": "#include <yaml-cpp/yaml.h>\n"},
                         "more than one file", "config/read.cpp", "config/yaml.cpp")

    def test_relative_include(self):
        self.assert_only({"lib/stoker/nn/a.cpp": '#include "../core/error.h"\n'}, "nn/a.cpp:1")

    def test_rooms_out_of_order(self):
        problems = self.problems({
            "lib/stoker/CMakeLists.txt":
                "set(rooms core config kernels)\nlist(APPEND rooms nn train models)\n"})
        self.assertIn("lib/stoker/train/CMakeLists.txt: links models, which is not below it", problems)

    def test_room_that_is_not_listed(self):
        self.assert_only({"lib/stoker/optim/sgd.h": "#pragma once\n"}, "lib/stoker/optim: not in the list")

    def test_room_that_the_picture_lacks(self):
        picture = "".join(f"{room}  does things\n" for room in "core config kernels nn train".split())
        self.assert_only({"docs/architecture.md": picture + "of models is no line here\n"},
                         "docs/architecture.md", "lacks models")


if __name__ == "__main__":
    unittest.main()
