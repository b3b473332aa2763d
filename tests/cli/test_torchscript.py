"""Modules that PyTorch scripted, as models: only where the config vouches for them."""

import os
import subprocess
import unittest

from binary import REPOSITORY, BinaryTest, tensors_of, without_times

TOOL = os.environ.get("STOKER_MODEL_TOOL", REPOSITORY / "build/tests/model_tool")
TRUST = "model={name: torchscript, file: net.pt, trust_code: true}"


class Torchscript(BinaryTest):
    def setUp(self):
        super().setUp()
        # A convolution, a batch norm and a linear layer for ten classes.
        subprocess.run([TOOL, "script", "10", self.folder / "net.pt"], check=True)

    def test_it_is_refused_unless_the_config_vouches_for_it(self):
        _, err = self.stoker("train", "tiny.yaml", "model={name: torchscript, file: net.pt}",
                             expect=2)
        self.assertIn("runs with your rights", err)
        self.assertIn("model.trust_code: true", err)
        self.assertFalse((self.folder / "runs").exists())

    def test_it_has_no_parts_that_could_be_computed_again(self):
        _, err = self.stoker("train", "tiny.yaml", TRUST, "memory.checkpoint=norms", expect=2)
        self.assertIn("memory.checkpoint: norms: the model torchscript", err)
        self.assertFalse((self.folder / "runs").exists())

    def test_it_trains_evaluates_predicts_and_resumes_bit_for_bit(self):
        self.stoker("train", "tiny.yaml", TRUST)
        self.stoker("train", "tiny.yaml", TRUST, "name=cut", "train.max_steps=7")
        self.stoker("train", "tiny.yaml", TRUST, "name=cut", "--resume")
        whole, cut = (self.folder / f"runs/{run}/1" for run in ("tiny", "cut"))
        self.assertEqual(*(tensors_of(run / "checkpoints/step-00000018") for run in (whole, cut)))
        losses = [r["loss"] for r in without_times(self.metrics("runs/tiny/1"))
                  if r["split"] == "train"]
        self.assertLess(losses[-1], losses[0])
        out, _ = self.stoker("eval", "runs/tiny/1")
        self.assertIn("top1", out)
        self.stoker("data", "make", "shapes", "--out", "png", "--images", "10", "--val-images",
                    "10", "--size", "16")
        out, _ = self.stoker("predict", "runs/tiny/1", "png/val")
        self.assertEqual(len(out.splitlines()), 10)

    def test_its_weights_load_freeze_and_have_layers(self):
        self.stoker("train", "tiny.yaml", TRUST, "train.max_steps=3")
        out, err = self.stoker("train", "tiny.yaml", TRUST, "model.weights=runs/tiny/1",
                               "model.freeze=[conv, norm]", "optimizer.layer_decay=0.5",
                               "--dry-run")
        self.assertIn("tensors of runs/tiny/1", out)
        self.assertIn("norm.bias", out)
        _, err = self.stoker("train", "tiny.yaml", TRUST, "model.weights=runs/tiny/1",
                             "model.head=reset", "--dry-run", expect=2)
        self.assertIn("classifier is known", err)

    def test_another_number_of_classes_is_said(self):
        subprocess.run([TOOL, "script", "7", self.folder / "net.pt"], check=True)
        _, err = self.stoker("train", "tiny.yaml", TRUST, expect=2)
        self.assertIn("gives [2, 7] for 2 images; the data has 10 classes", err)

    def test_a_module_that_python_scripted(self):
        try:
            import torch
        except ImportError:
            self.skipTest("needs the Python package torch")
        net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8),
                                  torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
                                  torch.nn.Flatten(), torch.nn.Dropout(0.1),
                                  torch.nn.Linear(8, 10))
        torch.jit.script(net).save(self.folder / "net.pt")
        for precision in ("fp32", "bf16"):
            self.stoker("train", "tiny.yaml", TRUST, f"train.precision={precision}")
        torch.jit.trace(net.eval(), torch.rand(2, 3, 16, 16)).save(self.folder / "net.pt")
        self.stoker("train", "tiny.yaml", TRUST, "train.max_steps=2")


if __name__ == "__main__":
    unittest.main()
