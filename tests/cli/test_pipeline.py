"""A network divided into stages, each the work of a rank."""

import unittest

from binary import without_times
from ranks import RanksTest, far_apart, floats_of

DEEP = ["model={name: mlp, hidden: [24, 17, 31], dropout: 0.1}", "train.microbatch=4",
        "optimizer={name: adamw, lr: 0.01, lookahead: {every_steps: 4}}", "train.epochs=2",
        "algorithms=[{mixup: {alpha: 0.4}}]"]
STAGED = ["dist.mesh.pipeline=2", "dist.pipeline.split=[layer2]", "--devices", "cpu:2"]


class Pipeline(RanksTest):
    def model(self, run):
        return (self.last(run) / "model.safetensors").read_bytes()

    def compare(self, one, other):
        """That what was logged and evaluated is alike; the weights are up to the caller."""
        self.assertEqual({path.name for path in self.last(one).iterdir()},
                         {path.name for path in self.last(other).iterdir()})
        theirs, ours = (without_times(self.metrics(run)) for run in (one, other))
        self.assertEqual([(r["split"], r["step"]) for r in theirs],
                         [(r["split"], r["step"]) for r in ours])
        for a, b in zip(theirs, ours):
            if a["split"] == "val":
                self.assertEqual(a["top1"], b["top1"])
            self.assertAlmostEqual(a["loss"], b["loss"], places=5)

    def test_stages_train_and_save_what_one_process_does(self):
        self.stoker("train", "tiny.yaml", *DEEP)
        whole = self.model("runs/tiny/1")
        # Dropout, mixed images and slow weights included, bit for bit.
        _, err = self.stoker("train", "tiny.yaml", "name=three", *DEEP, "dist.mesh.pipeline=3",
                             "--devices", "cpu:3")
        self.assertIn("4 micro-batches a step through 3 stages", err)
        self.compare("runs/tiny/1", "runs/three/1")
        self.assertEqual(whole, self.model("runs/three/1"))
        sizes, ours = (self.summary(f"runs/{run}/1")["model_bytes"] for run in ("tiny", "three"))
        self.assertLess(ours["parameters"], sizes["parameters"])
        # Copies of stages, whose optimizer state is divided.
        _, err = self.stoker("train", "tiny.yaml", "name=copied", *DEEP, "dist.shard=optimizer",
                             *STAGED[:-1], "cpu:4", "optimizer.lookahead.every_steps=none",
                             "train.clip_grad_norm=0.5")
        self.assertIn("2 from layer2 on", err)
        self.stoker("train", "tiny.yaml", "name=alone", *DEEP, "optimizer.lookahead.every_steps=none",
                    "train.clip_grad_norm=0.5")
        self.compare("runs/alone/1", "runs/copied/1")
        self.assertLess(far_apart(floats_of(self.last("runs/alone/1")),
                                  floats_of(self.last("runs/copied/1"))), 1e-5)
        # Stopped with stages, gone on with as many, then by one process.
        self.stoker("train", "tiny.yaml", "name=cut", *DEEP, *STAGED, "train.max_steps=7")
        self.stoker("train", "--resume", "runs/cut/1", "--devices", "cpu:2",
                    "train.max_steps=none")
        self.assertEqual(whole, self.model("runs/cut/1"))
        self.stoker("train", "--resume", "runs/cut/1", "train.epochs=3")
        self.assertEqual(self.summary("runs/cut/1")["steps"], 3 * 6)

    def test_unreadable_images_and_a_signal(self):
        for split, count in (("train", 24), ("val", 6)):
            for i in range(count):
                path = self.folder / "images" / split / "ab"[i % 2] / f"{i:02}.ppm"
                path.parent.mkdir(parents=True, exist_ok=True)
                whole = b"P6 8 8 255\n" + bytes((7 * i + j) % 256 for j in range(192))
                path.write_bytes(b"broken" if split == "train" and i % 3 == 0 else whole)
        options = ["data={format: image_folder, root: images, on_error: skip}", "train.batch_size=2",
                   "augment=[{resize: {size: 8}}, {normalize: {mean: [0.5, 0.5, 0.5], "
                   "std: [0.25, 0.25, 0.25]}}]", "train.microbatch=1", "log.every_steps=1",
                   "model={name: mlp, hidden: [24, 17]}"]
        self.stoker("train", "tiny.yaml", *options, "train.max_steps=20")
        self.stoker("train", "tiny.yaml", "name=staged", *options, *STAGED, "train.max_steps=20")
        self.compare("runs/tiny/1", "runs/staged/1")
        self.assertEqual(self.model("runs/tiny/1"), self.model("runs/staged/1"))
        self.interrupt_at(3, "name=cut", *options, *STAGED[:-2], "train.epochs=2000")

    def test_plans_and_refusals(self):
        out, _ = self.stoker("train", "tiny.yaml", *DEEP, "dist.mesh.pipeline=3", "--devices",
                             "fake:12", "--dry-run")
        self.assertIn("12 (a plan: none is started); 4 images a step each", out)
        self.assertIn("1 micro-batch a step through 3 stages", out)
        out, _ = self.stoker("train", "tiny.yaml", *DEEP, "dist.mesh={data: 2, shard: 4}",
                             "dist.shard=optimizer", "--devices", "fake:8", "--dry-run")
        self.assertIn("2 copies of what 4 ranks divide among themselves", out)
        _, err = self.stoker("train", "tiny.yaml", *DEEP, "dist.mesh.pipeline=6", "--devices",
                             "fake:12", "--dry-run", expect=2)
        self.assertIn("6 stages cannot be made of a network of 4 pieces", err)


if __name__ == "__main__":
    unittest.main()
