"""Weights of one run, or of another tool, as the beginning of the next."""

import hashlib
import json
import os
import struct
import unittest

from binary import BinaryTest, tensors_of

MODEL = "model={name: mlp, hidden: [24, 12], batch_norm: true}"
FOUR = ["data.format.classes=4", "train.epochs=2"]


def read_safetensors(path):
    """Names with (dtype, shape, bytes)."""
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["dtype"], entry["shape"], data[8 + length + begin:8 + length + end])
    return tensors


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


class Finetune(BinaryTest):
    def setUp(self):
        super().setUp()
        self.stoker("train", "tiny.yaml", MODEL, "name=base", "train.epochs=1")
        self.base = self.folder / "runs/base/1/checkpoints/step-00000006/model.safetensors"
        self.file = self.folder / "base.safetensors"
        self.file.write_bytes(self.base.read_bytes())

    def final(self, run, step):
        return read_safetensors(
            self.folder / f"runs/{run}/checkpoints/step-{step:08}/model.safetensors")

    def test_a_run_begins_with_the_weights_of_another(self):
        # Where nothing learns, what was loaded is what is saved.
        still = ["optimizer.lr=1e-30", "optimizer.momentum=0", "train.max_steps=1",
                 "model.freeze=[norm]"]
        for source in ("runs/base/1", "runs/base/1/checkpoints/latest",
                       "runs/base/1/checkpoints/step-00000006", "base.safetensors"):
            self.stoker("train", "tiny.yaml", MODEL, f"model.weights={source}", *still, "name=next")
        for number in (1, 2, 3, 4):
            found, base = self.final(f"next/{number}", 1), read_safetensors(self.base)
            self.assertEqual(found, base)

    def test_another_number_of_classes_needs_a_new_head(self):
        _, err = self.stoker("train", "tiny.yaml", MODEL, "model.weights=base.safetensors", *FOUR,
                             expect=2)
        self.assertIn("of another shape (2):\n"
                      "  head.weight: file [10, 12], model [4, 12]\n"
                      "  head.bias: file [10], model [4]\n"
                      "Only the classifier (head.*) differs: model.head: reset", err)
        self.assertFalse((self.folder / "runs/tiny").exists())
        _, err = self.stoker("train", "tiny.yaml", MODEL, "model.weights=base.safetensors",
                             "model.head=reset", *FOUR)
        self.assertIn("head.weight, head.bias start new", err)
        self.assertEqual(self.final("tiny/1", 12)["head.weight"][1], [4, 12])

    def test_what_does_not_fit_is_listed_in_full(self):
        tensors = read_safetensors(self.file)
        del tensors["layer1.norm.bias"]
        tensors["layer9.weight"] = tensors["layer2.linear.bias"]
        tensors["layer2.linear.bias"] = ("F32", [3, 4], tensors["layer2.linear.bias"][2])
        write_safetensors(self.folder / "odd.safetensors", tensors)
        _, err = self.stoker("train", "tiny.yaml", MODEL, "model.weights=odd.safetensors", expect=2)
        for line in ("missing in the file (1):\n  layer1.norm.bias\n",
                     "unexpected in the file (1):\n  layer9.weight\n",
                     "of another shape (1):\n  layer2.linear.bias: file [3, 4], model [12]\n",
                     "Choose the model"):
            self.assertIn(line, err)

    def test_a_prefix_of_another_tool_is_left_out_and_said(self):
        wrapped = {"state_dict.module." + name: entry
                   for name, entry in read_safetensors(self.file).items()}
        write_safetensors(self.folder / "wrapped.safetensors", wrapped)
        out, err = self.stoker("train", "tiny.yaml", MODEL, "model.weights=wrapped.safetensors",
                               "--dry-run")
        self.assertIn("begin with state_dict.module., which is left out", out + err)

    def test_the_plan_and_the_run_say_what_was_loaded(self):
        options = [MODEL, "model.weights=base.safetensors", "model.freeze=['^layer1']"]
        out, _ = self.stoker("train", "tiny.yaml", *options, "--dry-run")
        digest = hashlib.sha256(self.file.read_bytes()).hexdigest()
        self.assertIn(f"weights    16 tensors of base.safetensors (SHA-256 {digest[:12]}…)", out)
        self.assertRegex(out, r"parameters, \S+ of them trainable")
        self.assertIn("layer1.linear.weight … layer1.norm.bias (model.freeze)", out)
        self.stoker("train", "tiny.yaml", *options, "train.max_steps=2")
        record = json.loads((self.folder / "runs/tiny/1/weights.json").read_text())
        self.assertEqual(record["files"], [{"path": str(self.file.resolve()), "sha256": digest,
                                            "size_bytes": self.file.stat().st_size}])
        self.assertEqual(record["tensors_loaded"], 16)
        self.stoker("train", "--resume", "runs/tiny/1", "train.max_steps=3")
        self.assertEqual(record, json.loads((self.folder / "runs/tiny/1/weights.json").read_text()))

    def test_what_is_frozen_stays_and_the_rest_learns(self):
        self.stoker("train", "tiny.yaml", MODEL, "model.weights=base.safetensors",
                    "model.freeze=['^layer1']")
        before, after = read_safetensors(self.file), self.final("tiny/1", 18)
        for name, entry in after.items():
            if name.startswith("layer1."):
                self.assertEqual(entry, before[name], name)
            elif not name.endswith("num_batches_tracked"):
                self.assertNotEqual(entry, before[name], name)

    def test_a_resume_does_not_load_again_and_is_exact(self):
        options = [MODEL, "model.weights=base.safetensors", "model.head=reset",
                   "model.freeze=['^layer1.linear']", "optimizer.layer_decay=0.5", *FOUR]
        self.stoker("train", "tiny.yaml", *options)
        self.stoker("train", "tiny.yaml", *options, "name=cut", "train.max_steps=5")
        self.file.unlink()
        self.stoker("train", "tiny.yaml", *options, "name=cut", "--resume")
        self.assertEqual(*(tensors_of(self.folder / f"runs/{run}/1/checkpoints/step-00000012")
                           for run in ("tiny", "cut")))
        # Nor does asking what it knows.
        self.stoker("eval", "runs/cut/1")
        _, err = self.stoker("train", "tiny.yaml", *options, "name=cut", "--resume",
                             "model.freeze=[]", expect=2)
        self.assertIn("model.freeze", err)

    def test_a_run_without_a_checkpoint_begins_with_its_weights_again(self):
        options = [MODEL, "model.weights=base.safetensors", "optimizer.lr=1e-30",
                   "optimizer.momentum=0", "model.freeze=[norm]"]
        self.stoker("train", "tiny.yaml", *options, "train.max_steps=1")
        for entry in (self.folder / "runs/tiny/1/checkpoints").iterdir():
            if entry.is_file():
                entry.unlink()
            else:
                for file in entry.iterdir():
                    file.unlink()
                entry.rmdir()
        self.stoker("train", "tiny.yaml", *options, "train.max_steps=1", "--resume")
        self.assertEqual(self.final("tiny/1", 1), read_safetensors(self.file))

    def test_files_that_are_no_weights(self):
        (self.folder / "w.pth").write_bytes(b"PK\x03\x04" + bytes(40))
        _, err = self.stoker("train", "tiny.yaml", MODEL, "model.weights=w.pth", expect=3)
        self.assertIn("python scripts/convert_weights.py w.pth w.safetensors", err)
        (self.folder / "cut.safetensors").write_bytes(self.file.read_bytes()[:-3])
        _, err = self.stoker("train", "tiny.yaml", MODEL, "model.weights=cut.safetensors", expect=3)
        self.assertIn("cut short", err)
        _, err = self.stoker("train", "tiny.yaml", MODEL, "model.weights=none.safetensors",
                             expect=2)
        self.assertIn("model.weights: none.safetensors: no such file", err)

    def test_weights_by_a_hubs_name(self):
        """From the cache of huggingface_hub, with the preprocessing that timm's file speaks of."""
        environment = {**os.environ, "HF_HUB_CACHE": str(self.folder / "hub")}
        options = ["train", "tiny.yaml", MODEL, "model.weights=timm/base.tag", "--dry-run"]
        _, err = self.stoker(*options, expect=2, env=environment)
        self.assertIn("hf download timm/base.tag model.safetensors config.json", err)
        snapshot = self.folder / "hub/models--timm--base.tag/snapshots/0a1b"
        snapshot.mkdir(parents=True)
        (snapshot / "model.safetensors").write_bytes(self.file.read_bytes())
        out, err = self.stoker(*options, env=environment)
        self.assertIn("16 tensors of timm/base.tag (SHA-256", out)
        self.assertNotIn("normalised otherwise", out + err)
        for mean, differs in (([0.5, 0.5, 0.5], False), ([0.5, 0.45, 0.4], True)):
            (snapshot / "config.json").write_text(json.dumps({"pretrained_cfg": {
                "mean": mean, "std": [0.25, 0.25, 0.25], "crop_pct": 0.9}}))
            out, err = self.stoker(*options, env=environment)
            self.assertIn(f"made for crop 0.9, mean {mean}, std [0.25, 0.25, 0.25] (config.json)",
                          out)
            self.assertEqual("normalised otherwise: write normalize: {mean: [0.5, 0.45, 0.4]"
                             in out + err, differs)

    def test_shards_with_an_index(self):
        tensors = read_safetensors(self.file)
        names, shards = sorted(tensors), {}
        for i, name in enumerate(names):
            shards.setdefault(f"part{i % 2}.safetensors", {})[name] = tensors[name]
        folder = self.folder / "sharded"
        folder.mkdir()
        for shard, part in shards.items():
            write_safetensors(folder / shard, part)
        weight_map = {name: shard for shard, part in shards.items() for name in part}
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
        out, _ = self.stoker("train", "tiny.yaml", MODEL, "model.weights=sharded", "--dry-run")
        self.assertIn("16 tensors of sharded (3 files)", out)


if __name__ == "__main__":
    unittest.main()
