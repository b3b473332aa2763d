"""Several ranks on this host: what they train."""

import json
import unittest

from binary import tensors_of, without_times
from ranks import FOUR, NORMS, RanksTest, far_apart, floats_of


class Training(RanksTest):
    def test_any_number_of_ranks_trains_the_same(self):
        self.stoker("train", "tiny.yaml", *FOUR)
        whole = floats_of(self.last("runs/tiny/1"))
        records = without_times(self.metrics("runs/tiny/1"))
        for ranks in (1, 2, 4):
            with self.subTest(ranks=ranks):
                name = f"r{ranks}"
                _, err = self.stoker("train", "tiny.yaml", f"name={name}", *FOUR, "--devices",
                                     f"cpu:{ranks}")
                self.assertLess(far_apart(whole, floats_of(self.last(f"runs/{name}/1"))), 1e-6)
                ours = without_times(self.metrics(f"runs/{name}/1"))
                self.assertEqual([(r["split"], r["step"]) for r in ours],
                                 [(r["split"], r["step"]) for r in records])
                for a, b in zip(ours, records):
                    if a["split"] == "val":
                        self.assertEqual(a["top1"], b["top1"])
                    else:
                        self.assertAlmostEqual(a["loss"], b["loss"], places=5)
                if ranks > 1:
                    self.assertIn(f"{ranks} on 1 host, started by stoker", err)
                    self.assertEqual(self.summary(f"runs/{name}/1")["world_size"], ranks)

    def test_layers_that_begin_to_learn_on_all_ranks(self):
        options = [*FOUR, "algorithms=[{unfreezing: {head_epochs: 1.5}}, ema]"]
        self.stoker("train", "tiny.yaml", *options)
        self.stoker("train", "tiny.yaml", "name=two", *options, "--devices", "cpu:2")
        self.assertLess(far_apart(floats_of(self.last("runs/tiny/1")),
                                  floats_of(self.last("runs/two/1"))), 1e-6)

    def test_shares_that_are_not_alike(self):
        options = ["train.batch_size=17", "model={name: mlp, hidden: [24]}"]
        self.stoker("train", "tiny.yaml", "train.microbatch=6", *options)
        self.stoker("train", "tiny.yaml", "name=three", *options, "--devices", "cpu:3")
        self.assertLess(far_apart(floats_of(self.last("runs/tiny/1")),
                                  floats_of(self.last("runs/three/1"))), 1e-6)

    def test_norms_of_all_ranks_are_those_of_one_process(self):
        self.stoker("train", "tiny.yaml", *NORMS, "train.batch_norm=sync")
        for ranks in (2, 3):
            self.stoker("train", "tiny.yaml", f"name=s{ranks}", *NORMS, "train.batch_norm=sync",
                        "--devices", f"cpu:{ranks}")
            self.assertLess(far_apart(floats_of(self.last("runs/tiny/1")),
                                      floats_of(self.last(f"runs/s{ranks}/1"))), 1e-5)

    def test_a_run_goes_on_bit_for_bit_and_with_other_ranks(self):
        long = ["train.epochs=40", "log.every_steps=1", "algorithms=[ema]", *NORMS]
        self.stoker("train", "tiny.yaml", *long, "--devices", "cpu:2")
        self.interrupt_at(3, "name=cut", *long)
        self.stoker("train", "--resume", "runs/cut/1", "--devices", "cpu:2")
        self.assertEqual(tensors_of(self.last("runs/tiny/1")), tensors_of(self.last("runs/cut/1")))
        self.assertEqual(without_times(self.metrics("runs/tiny/1")),
                         without_times(self.metrics("runs/cut/1")))
        environment = json.loads((self.folder / "runs/cut/1/environment.json").read_text())
        self.assertEqual(environment["world_size"], 2)
        self.stoker("train", "--resume", "runs/cut/1", "train.epochs=41")
        self.stoker("train", "--resume", "runs/cut/1", "train.epochs=42", "--devices", "cpu:3")
        self.assertEqual(self.summary("runs/cut/1")["steps"], 42 * 6)

    def test_divided_optimizer_state_changes_nothing(self):
        adam = ["optimizer={name: adamw, lr: 0.01}", "train.epochs=6", *FOUR]
        self.stoker("train", "tiny.yaml", "name=whole", *adam)
        whole = floats_of(self.last("runs/whole/1"))
        for ranks in (2, 3):
            divided = ["train.batch_size=18"] if ranks == 3 else []
            if divided:
                self.stoker("train", "tiny.yaml", "name=whole", *adam, *divided,
                            "train.microbatch=6")
                whole = floats_of(self.last("runs/whole/2"))
            self.stoker("train", "tiny.yaml", f"name=d{ranks}", *adam, *divided,
                        "dist.shard=optimizer", "--devices", f"cpu:{ranks}",
                        *(["train.microbatch=6"] if divided else []))
            self.assertLess(far_apart(whole, floats_of(self.last(f"runs/d{ranks}/1"))), 1e-5)
        saved = floats_of(self.last("runs/d2/1"))
        # The same files: one process, or other ranks, go on from them.
        for devices in ([], ["--devices", "cpu:2"]):
            self.stoker("train", "--resume", "runs/d2/1", "train.epochs=7", *devices)
        self.assertEqual(saved.keys(), floats_of(self.last("runs/d2/1")).keys())
        # Interrupted and gone on, bit for bit.
        long = ["optimizer={name: adamw, lr: 0.01}", "train.epochs=40", "log.every_steps=1", *FOUR,
                "dist.shard=optimizer"]
        self.stoker("train", "tiny.yaml", "name=long", *long, "--devices", "cpu:2")
        self.interrupt_at(9, "name=cut", *long)
        self.stoker("train", "--resume", "runs/cut/1", "--devices", "cpu:2")
        self.assertEqual(tensors_of(self.last("runs/long/1")), tensors_of(self.last("runs/cut/1")))

    def test_divided_gradients_and_parameters_change_nothing(self):
        deep = ["optimizer={name: adamw, lr: 0.01}", "model={name: mlp, hidden: [24, 17, 24]}",
                "train.epochs=2", "train.microbatch=4", "train.clip_grad_norm=1"]
        self.stoker("train", "tiny.yaml", "name=whole", *deep)
        whole = floats_of(self.last("runs/whole/1"))
        sizes = self.summary("runs/whole/1")["model_bytes"]
        for shard in ("gradients", "parameters"):
            _, err = self.stoker("train", "tiny.yaml", f"name={shard}", *deep,
                                 f"dist.shard={shard}", "--devices", "cpu:2")
            self.assertIn("each rank has its part of the gradients and optimizer state", err)
            run = f"runs/{shard}/1"
            self.assertLess(far_apart(whole, floats_of(self.last(run))), 1e-5)
            self.assertEqual({path.name for path in self.last("runs/whole/1").iterdir()},
                             {path.name for path in self.last(run).iterdir()})
            ours = self.summary(run)["model_bytes"]
            for part in ("gradients", "optimizer_state",
                         *(["parameters"] if shard == "parameters" else [])):
                self.assertLess(ours[part], 0.65 * sizes[part], (shard, part))
            self.assertEqual([r["top1"] for r in self.metrics(run) if r["split"] == "val"],
                             [r["top1"] for r in self.metrics("runs/whole/1")
                              if r["split"] == "val"])
        # Stopped and gone on, bit for bit; and by one process, which has all of it.
        self.stoker("train", "tiny.yaml", "name=cut", *deep, "dist.shard=parameters", "--devices",
                    "cpu:2", "train.max_steps=7")
        self.stoker("train", "--resume", "runs/cut/1", "--devices", "cpu:2",
                    "train.max_steps=none")
        self.assertEqual(tensors_of(self.last("runs/parameters/1")),
                         tensors_of(self.last("runs/cut/1")))
        self.stoker("train", "--resume", "runs/cut/1", "train.epochs=3")
        self.assertEqual(whole.keys(), floats_of(self.last("runs/cut/1")).keys())

    def test_what_looks_at_whole_gradients_sees_those_of_all_ranks(self):
        for name, options in (("sam", ["algorithms=[sam]"]), ("asam", ["algorithms=[asam]"]),
                              ("muon", ["optimizer={name: muon, lr: 0.01}"]),
                              ("lamb", ["optimizer={name: lamb, lr: 0.01}"])):
            with self.subTest(method=name):
                self.stoker("train", "tiny.yaml", f"name={name}", *options, *FOUR, "train.epochs=2")
                self.stoker("train", "tiny.yaml", f"name={name}2", *options, *FOUR,
                            "train.epochs=2", "--devices", "cpu:2")
                # Muon's iteration is in bf16, of which one digit may fall differently.
                self.assertLess(far_apart(floats_of(self.last(f"runs/{name}/1")),
                                          floats_of(self.last(f"runs/{name}2/1"))),
                                1e-2 if name == "muon" else 1e-5)

    def test_scaled_losses_with_divided_gradients_and_parameters(self):
        """A scale that is too large at first: all ranks leave the same steps out."""
        half = ["train.precision=fp16", "grad_scaler.initial_scale=1e7", "train.epochs=2",
                "model={name: mlp, hidden: [24, 17, 24]}", "log.every_steps=1",
                "optimizer={name: adamw, lr: 0.01}"]
        runs = {}
        for shard in ("none", "gradients", "parameters"):
            self.stoker("train", "tiny.yaml", f"name={shard}", *half, f"dist.shard={shard}",
                        "--devices", "cpu:2")
            runs[shard] = [r for r in self.metrics(f"runs/{shard}/1") if r["split"] == "train"]
        skipped = [r["skipped_steps"] for r in runs["none"]]
        self.assertGreater(sum(skipped), 0)
        self.assertLess(sum(skipped), 12)
        for shard in ("gradients", "parameters"):
            self.assertEqual([r["skipped_steps"] for r in runs[shard]], skipped)
            for ours, whole in zip(runs[shard], runs["none"]):
                self.assertAlmostEqual(ours["loss"], whole["loss"], delta=0.02)  # of 16 bits

    def test_evaluation_on_ranks_is_that_of_one_process(self):
        sizes = ["data.format.val_images=37", "eval.batch_size=5"]
        self.stoker("train", "tiny.yaml", *sizes)
        for images in (7, 8, 9, 37):
            figures = []
            for devices in ([], ["--devices", "cpu:2"], ["--devices", "cpu:4"]):
                out, _ = self.stoker("eval", "runs/tiny/1", "--json",
                                     f"data.format.val_images={images}", "eval.batch_size=2",
                                     *devices)
                result = json.loads(out)
                result.pop("time_s", None)
                figures.append({k: v for k, v in result.items() if "time" not in k and
                                "per_s" not in k})
            self.assertEqual(figures[0], figures[1])
            self.assertEqual(figures[0], figures[2])

    def test_the_plan_of_any_number(self):
        out, _ = self.stoker("train", "tiny.yaml", "train.batch_size=96", "--devices", "fake:48",
                             "--dry-run")
        self.assertIn("48 (a plan: none is started); 2 images a step each", out)
        _, err = self.stoker("train", "tiny.yaml", "--devices", "fake:2", expect=2)
        self.assertIn("--dry-run", err)
        _, err = self.stoker("train", "tiny.yaml", "--devices", "fake:64", "--dry-run", expect=2)
        self.assertIn("cannot be shared by 64 ranks", err)
        self.assertFalse((self.folder / "runs").exists())


if __name__ == "__main__":
    unittest.main()
