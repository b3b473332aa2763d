"""`stoker export`: a trained model's weights as a file for timm or torchvision."""
import json
import struct
import unittest

from binary import BinaryTest

SMALL = ["train.epochs=1", "data.format.train_images=32", "data.format.val_images=16"]


def names_of(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__")
    return header


class Export(BinaryTest):
    def train(self, model):
        self.stoker("train", "tiny.yaml", f"model={model}", *SMALL)

    def test_under_torchvision_s_names(self):
        self.train("mobilenetv2_100")
        out, _ = self.stoker("export", "runs/tiny/1", "own.safetensors")
        self.assertIn("loads into mobilenetv2_100, 10 classes", out)
        out, _ = self.stoker("export", "runs/tiny/1", "tv.safetensors", "--names", "torchvision")
        self.assertIn("loads into torchvision.models.mobilenet_v2, 10 classes", out)
        own, theirs = (names_of(self.folder / f"{n}.safetensors") for n in ("own", "tv"))
        self.assertEqual(len(own), len(theirs))
        self.assertEqual(own["conv_stem.weight"]["shape"], theirs["features.0.0.weight"]["shape"])
        self.assertIn("classifier.1.bias", theirs)
        # And back: a run begins with them.
        out, _ = self.stoker("train", "tiny.yaml", "model={name: mobilenetv2_100, weights: tv.safetensors}",
                             *SMALL, "--dry-run")
        self.assertIn("names of torchvision's MobileNetV2", out)

    def test_branches_are_folded(self):
        self.train("repvgg_a0")
        report = json.loads(self.stoker("export", "runs/tiny/1", "one.safetensors", "--fold", "--json")[0])
        self.assertEqual((report["folded"], report["tensors"]), (22, 46))
        self.assertEqual(report["size_bytes"], (self.folder / "one.safetensors").stat().st_size)
        self.assertIn("stem.reparam_conv.weight", names_of(self.folder / "one.safetensors"))
        self.stoker("export", "runs/tiny/1", "own.safetensors")
        self.assertIn("stem.conv_1x1.bn.bias", names_of(self.folder / "own.safetensors"))
        self.stoker("eval", "runs/tiny/1")

    def test_what_torchvision_s_network_would_not_compute_is_refused(self):
        for run, (model, said) in enumerate([
                ("{name: mobilenetv2_100, pool: max}", "model.pool"),
                ("{name: resnet18, activation: silu}", "model.activation"),
                ("resnet18", "conv1.weight"),  # 3x3 for images of 16x16, where torchvision has 7x7
                ("swin_tiny_patch4_window7_224", "relative_position_bias_table")], 1):
            with self.subTest(model=model):
                self.stoker("train", "tiny.yaml", f"model={model}", *SMALL, "train.max_steps=1")
                _, err = self.stoker("export", f"runs/tiny/{run}", "x.safetensors", "--names",
                                     "torchvision", expect=2)
                self.assertIn(said, err)
                self.assertFalse((self.folder / "x.safetensors").exists())

    def test_what_cannot_be_exported(self):
        self.train("{name: mlp, hidden: [7]}")
        _, err = self.stoker("export", "runs/tiny/1", "x.safetensors", "--names", "torchvision", expect=2)
        self.assertIn("torchvision has no network that computes what mlp does", err)
        self.assertFalse((self.folder / "x.safetensors").exists())
        self.stoker("export", "runs/tiny/1", "x.safetensors", "--names", "keras", expect=2)
        _, err = self.stoker("export", "runs/absent", "x.safetensors", expect=2)
        self.assertIn("runs/absent", err)
        _, err = self.stoker("export", "runs/tiny/1", "none/x.safetensors", expect=3)
        self.assertIn("none/x.safetensors", err)


if __name__ == "__main__":
    unittest.main()
