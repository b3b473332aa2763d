"""What scripts/convert_weights.py makes of files of torch.save.

    python tests/weights/convert_test.py scripts/convert_weights.py build/tests/weights_tool
"""

import contextlib
import io
import pathlib
import runpy
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import torch
from safetensors.torch import load_file

script, tool = sys.argv[1:]


class Hostile:
    """Unpickling this would run a command."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


class Convert(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="stoker-convert-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        base = torch.arange(12.).reshape(3, 4)
        self.state = {"fc.weight": base.t(), "fc.bias": base[0], "n": torch.tensor(7)}

    def convert(self, content, *options, expect_error=False):
        """Runs the script in this process, which has torch already; returns what it says."""
        source, target = (str(self.folder / name) for name in ("w.pth", "w.safetensors"))
        torch.save(content, source)
        said = io.StringIO()
        with mock.patch.object(sys, "argv", [script, source, target, *options]):
            with contextlib.redirect_stdout(said):
                try:
                    runpy.run_path(script, run_name="__main__")
                except SystemExit as end:
                    self.assertTrue(expect_error, end.code)
                    return end.code
        self.assertFalse(expect_error, said.getvalue())
        return said.getvalue()

    def check(self):
        found = load_file(self.folder / "w.safetensors")
        self.assertEqual(sorted(found), sorted(self.state))
        for name, tensor in self.state.items():
            self.assertTrue(torch.equal(found[name], tensor), name)
        # Our own reader takes it, too.
        subprocess.run([tool, "copy", self.folder / "w.safetensors", self.folder / "copy"],
                       check=True)

    def test_a_bare_state_dict(self):
        self.convert(self.state)
        self.check()

    def test_weights_among_other_things(self):
        self.assertIn("under 'state_dict'",
                      self.convert({"epoch": 3, "state_dict": self.state, "lr": [0.1]}))
        self.check()

    def test_a_key_and_a_prefix(self):
        wrapped = {"model." + name: tensor for name, tensor in self.state.items()}
        wrapped["loss.weight"] = torch.ones(2)
        out = self.convert({"a": {"b": wrapped}, "model": self.state}, "--key", "a/b", "--prefix",
                           "model.")
        self.assertIn("1 tensors whose names do not begin with 'model.' stay out", out)
        self.check()

    def test_what_is_not_clear_is_asked(self):
        self.assertIn("several sets of weights: state_dict, model", self.convert(
            {"state_dict": self.state, "model": self.state}, expect_error=True))
        self.assertIn("it has the keys 'epoch'", self.convert({"epoch": 3}, expect_error=True))
        self.assertIn("no name begins with 'net.'",
                      self.convert(self.state, "--prefix", "net.", expect_error=True))

    def test_code_in_a_file_does_not_run(self):
        self.convert({"state_dict": self.state, "x": Hostile(self.folder / "ran")}, expect_error=True)
        self.assertFalse((self.folder / "ran").exists())

    def test_stoker_opens_no_pickle_and_names_this_script(self):
        for legacy in (False, True):
            torch.save(self.state, self.folder / "w.pth",
                       _use_new_zipfile_serialization=not legacy)
            result = subprocess.run([tool, "time", "w.pth", "1"], cwd=self.folder, text=True,
                                    capture_output=True)
            self.assertEqual(result.returncode, 3)
            self.assertIn("scripts/convert_weights.py w.pth w.safetensors", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
