import csv
import json
import unittest

from binary import REPOSITORY, BinaryTest


class Train(BinaryTest):
    def test_a_run_leaves_everything_that_the_docs_name(self):
        _, err = self.stoker("train", "tiny.yaml")
        run = self.folder / "runs" / "tiny" / "1"
        for name in ("config.yaml", "environment.json", "log.txt", "metrics.jsonl", "metrics.csv",
                     "summary.json",
                     "checkpoints/latest", "checkpoints/best"):
            self.assertTrue((run / name).is_file(), name)
        latest = (run / "checkpoints" / "latest").read_text().strip()
        self.assertEqual(latest, "step-00000018")
        self.assertIn("step 18/18", err)
        environment = json.loads((run / "environment.json").read_text())
        self.assertEqual(environment["command_line"][1:], ["train", "tiny.yaml"])
        summary = self.summary("runs/tiny/1")
        self.assertEqual(summary["reason"], "finished")
        self.assertEqual(summary["steps"], 18)
        self.assertEqual(summary["final"]["val.top1"], summary["val.top1"])
        self.assertGreaterEqual(summary["best"]["val.top1"], summary["final"]["val.top1"])

    def test_metrics_have_the_documented_keys(self):
        self.stoker("train", "tiny.yaml")
        records = self.metrics("runs/tiny/1")
        train = [r for r in records if r["split"] == "train"]
        val = [r for r in records if r["split"] == "val"]
        # Every fourth step, and the end of each epoch of six steps.
        self.assertEqual([r["step"] for r in train], [4, 6, 8, 12, 16, 18])
        self.assertEqual([r["step"] for r in val], [6, 12, 18])
        for key in ("time_s", "epoch", "loss", "lr", "images_per_s", "data_wait", "memory_gib"):
            self.assertIn(key, train[0])
        for key in ("loss", "top1", "top5", "images"):
            self.assertIn(key, val[0])
        self.assertEqual(val[0]["images"], 40)
        self.assertEqual(val[-1]["epoch"], 3.0)

    def test_the_same_config_gives_the_same_run(self):
        self.stoker("train", "tiny.yaml")
        self.stoker("train", "tiny.yaml", "data.threads=1", "data.prefetch_mib=1")
        first, second = (
            (self.folder / f"runs/tiny/{n}/checkpoints/step-00000018/model.safetensors").read_bytes()
            for n in (1, 2))
        self.assertEqual(first, second)
        self.stoker("train", "tiny.yaml", "seed=1")
        third = self.folder / "runs/tiny/3/checkpoints/step-00000018/model.safetensors"
        self.assertNotEqual(first, third.read_bytes())

    def test_a_microbatch_leaves_the_mathematics_alone(self):
        for microbatch in (16, 5):
            self.stoker("train", "tiny.yaml", f"train.microbatch={microbatch}",
                        "model.dropout=0", f"name=m{microbatch}")
        whole, pieces = (
            [r["loss"] for r in self.metrics(f"runs/m{m}/1") if r["split"] == "train"]
            for m in (16, 5))
        for a, b in zip(whole, pieces):
            # Sums of float32 in another order.
            self.assertAlmostEqual(a, b, delta=1e-4 * abs(a))

    def test_tensorboard_reads_the_events(self):
        try:
            from tensorboard.backend.event_processing import event_accumulator
        except ImportError:
            self.skipTest("needs the Python package tensorboard")
        # Killed after the checkpoint's step and resumed: the steps beyond it must not stand twice.
        self.stoker("train", "tiny.yaml", "train.max_steps=9")
        self.stoker("train", "tiny.yaml", "--resume")
        events = event_accumulator.EventAccumulator(str(self.folder / "runs/tiny/1"))
        events.Reload()
        for tag in ("train/loss", "train/lr", "train/images_per_s", "val/top1", "val/loss"):
            self.assertIn(tag, events.Tags()["scalars"])
        records = [r for r in self.metrics("runs/tiny/1") if r["split"] == "train"]
        scalars = events.Scalars("train/loss")
        self.assertEqual([s.step for s in scalars], [r["step"] for r in records])
        for scalar, record in zip(scalars, records):
            self.assertAlmostEqual(scalar.value, record["loss"], places=5)
        self.stoker("train", "tiny.yaml", "log.tensorboard=false", "train.max_steps=1")
        self.assertEqual(list((self.folder / "runs/tiny/2").glob("events.out*")), [])

    def test_tensorboard_shows_a_batch_and_histograms_where_they_are_asked_for(self):
        try:
            from tensorboard.backend.event_processing import event_accumulator
        except ImportError:
            self.skipTest("needs the Python package tensorboard")
        for precision, name in (("fp32", "plain"), ("fp16", "scaled")):
            self.stoker("train", "tiny.yaml", "log.images=1", "log.histograms=0.5", f"name={name}",
                        f"train.precision={precision}", "train.epochs=2")
        plain, scaled = (
            event_accumulator.EventAccumulator(
                str(self.folder / f"runs/{name}/1"),
                size_guidance={"images": 0, "histograms": 0}).Reload()
            for name in ("plain", "scaled"))
        images = plain.Images("train/batch")
        self.assertEqual([image.step for image in images], [0, 6])
        self.assertTrue(images[0].encoded_image_string.startswith(b"\x89PNG"))
        self.assertGreater(images[0].width, 4 * 16)
        tags = plain.Tags()["histograms"]
        weights = [tag for tag in tags if tag.startswith("weights/")]
        self.assertEqual(len(weights), 4)  # two layers, each with a bias
        self.assertEqual(sorted(tag.replace("weights/", "gradients/") for tag in weights),
                         sorted(tag for tag in tags if tag.startswith("gradients/")))
        for tag in tags:
            histograms = plain.Histograms(tag)
            self.assertEqual([h.step for h in histograms], [0, 3, 6, 9])
            values = histograms[0].histogram_value
            self.assertEqual(sum(values.bucket), values.num)
            self.assertGreaterEqual(values.max, values.min)
            # The loss is scaled for fp16; what is shown are the gradients of the loss itself.
            other = scaled.Histograms(tag)[0].histogram_value
            self.assertAlmostEqual(values.sum_squares, other.sum_squares,
                                   delta=0.05 * values.sum_squares + 1e-9)
        self.stoker("train", "tiny.yaml", "log.images=-1", expect=2)

    def test_the_table_of_metrics_holds_what_the_lines_hold(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=9")
        self.stoker("train", "tiny.yaml", "--resume")
        with open(self.folder / "runs/tiny/1/metrics.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        records = self.metrics("runs/tiny/1")
        self.assertEqual(len(rows), len(records))
        for row, record in zip(rows, records):
            self.assertLessEqual(set(record), set(row))
            for key, cell in row.items():
                if key == "split":
                    self.assertEqual(cell, record["split"])
                elif key in record:
                    self.assertEqual(float(cell), record[key])
                else:
                    self.assertEqual(cell, "")
        self.stoker("train", "tiny.yaml", "log.csv=false", "train.max_steps=1")
        self.assertFalse((self.folder / "runs/tiny/2/metrics.csv").exists())

    def test_the_environment_tells_of_each_start(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=4")
        self.stoker("train", "tiny.yaml", "--resume", "train.max_steps=8")
        self.stoker("train", "tiny.yaml", "--resume")
        path = self.folder / "runs/tiny/1/environment.json"
        environment = json.loads(path.read_text())
        self.assertEqual(environment["command_line"][1:], ["train", "tiny.yaml", "--resume"])
        self.assertEqual([start["command_line"][-1] for start in environment["earlier"]],
                         ["train.max_steps=4", "train.max_steps=8"])
        for start in [environment, *environment["earlier"]]:
            for key in ("time_utc", "host", "processor", "usable_cpus", "memory_gib", "device",
                        "gpus", "versions", "git_revision", "folder"):
                self.assertIn(key, start)
        path.write_text("{broken")
        _, err = self.stoker("train", "tiny.yaml", "--resume", "train.epochs=4")
        self.assertIn("environment.json", err)
        self.assertEqual(json.loads(path.read_text())["earlier"], [])

    def test_memory_stays_flat_over_a_hundred_epochs(self):
        self.stoker("train", "tiny.yaml", "train.epochs=100", "checkpoint.every_epochs=0",
                    "log.every_steps=1000", "data.cache=none")
        memory = {r["epoch"]: r["memory_gib"] * 1024 for r in self.metrics("runs/tiny/1")
                  if r["split"] == "train"}
        # In MiB. What every epoch kept would be 80 times the least that is looked for: 0.1 MiB.
        self.assertLess(memory[100.0] - memory[20.0], 8)

    def test_dry_run_prints_the_plan_and_writes_nothing(self):
        out, _ = self.stoker("train", "tiny.yaml", "--dry-run")
        self.assertIn("18,", out.replace("18 of", "18,"))
        self.assertIn("mlp", out)
        self.assertFalse((self.folder / "runs").exists())

    def test_the_plan_tells_the_sizes_of_images_that_grow(self):
        growing = ["augment=[random_resized_crop: {size: 16}]", "train.epochs=10",
                   "progressive_resizing.initial_scale=0.5"]
        out, _ = self.stoker("train", "tiny.yaml", "--dry-run", "model=resnet18", *growing)
        self.assertIn("8x8, from epoch 7 on 12x12, from epoch 9 on 16x16", out)
        _, err = self.stoker("train", "tiny.yaml", "--dry-run", *growing, expect=2)
        self.assertIn("mlp takes images of one size", err)

    def test_every_optimizer_schedule_and_precision_trains(self):
        for overrides in (["optimizer=adam"], ["optimizer=adamw", "schedule=linear"],
                          ["schedule=one_cycle"], ["schedule=polynomial"], ["schedule=constant"],
                          ["schedule={name: step, milestones: [1]}"], ["train.precision=bf16"],
                          ["train.precision=fp16"], ["train.loss=bce"],
                          ["train.clip_grad_norm=0.5"], ["algorithms=[ema]"]):
            with self.subTest(overrides=overrides):
                self.stoker("train", "tiny.yaml", "train.max_steps=4", *overrides)

    def test_a_loss_that_is_not_finite_ends_the_run_with_6(self):
        _, err = self.stoker("train", "tiny.yaml", "optimizer.lr=1e30", "schedule=constant",
                             expect=6)
        self.assertIn("learning rate", err)
        self.assertIn("train.clip_grad_norm", err)
        self.assertEqual(self.summary("runs/tiny/1")["reason"], "failed")

    def test_budgets_end_a_run_early(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=7")
        summary = self.summary("runs/tiny/1")
        self.assertEqual((summary["reason"], summary["steps"]), ("max_steps", 7))
        self.stoker("train", "tiny.yaml", "train.max_time=0.000001s")
        self.assertEqual(self.summary("runs/tiny/2")["reason"], "max_time")

    def test_a_data_set_that_is_not_there_is_an_error_of_data(self):
        _, err = self.stoker("train", REPOSITORY / "configs" / "cifar10.yaml",
                             "data.root=nowhere", expect=3)
        self.assertIn("nowhere", err)

    def test_mistakes_on_the_command_line_are_usage_errors(self):
        for arguments in ([], ["tiny.yaml", "other.yaml"], ["tiny.yaml", "train.epochs=none"],
                          ["absent.yaml"], ["tiny.yaml", "--no-such-flag"],
                          ["tiny.yaml", "device=gpu"], ["--resume", "absent"],
                          ["tiny.yaml", "--resume"]):
            with self.subTest(arguments=arguments):
                _, err = self.stoker("train", *arguments, expect=2)
                self.assertTrue(err.strip())


if __name__ == "__main__":
    unittest.main()
