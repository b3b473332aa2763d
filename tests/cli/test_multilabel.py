"""Images with any number of labels: training, evaluation, prediction, files, refusals."""

import csv
import json
import math
import unittest

from binary import REPOSITORY
from ranks import FOUR, RanksTest

SEVERAL = ["task=multilabel", "train.precision=fp32"]


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class Multilabel(RanksTest):
    def test_a_sweep_is_sorted_by_what_the_task_measures(self):
        (self.folder / "several.yaml").write_text((self.folder / "tiny.yaml").read_text() +
                                                  "task: multilabel\n")
        result = json.loads(self.stoker("sweep", "several.yaml", "optimizer.lr=0.01,0.02", "train.epochs=1",
                                        "--json")[0])
        self.assertEqual(result["metric"], "val.map")
        self.assertIn("val.map", result["trials"][0]["metrics"])
        (self.folder / "sweep.yaml").write_text(
            "sweep: {config: several.yaml, space: {optimizer.lr: [0.01, 0.02]}, metric: val.top1}\n")
        for words in (["several.yaml", "optimizer.lr=0.01,0.02", "--metric", "val.top1"], ["sweep.yaml"]):
            _, err = self.stoker("sweep", *words, "--new", expect=2)
            self.assertIn("val.top1 is not measured with task: multilabel", err)

    def test_a_run_is_measured_shown_and_asked(self):
        _, err = self.stoker("train", "tiny.yaml", *SEVERAL, "log.report=true")
        self.assertIn("mAP", err)
        self.assertNotIn("top1", err)
        run = self.folder / "runs/tiny/1"
        config = (run / "config.yaml").read_text()
        self.assertIn("monitor: val.map", config)
        self.assertIn("bce", config)
        last = self.metrics(run)[-1]
        self.assertLessEqual({"map", "f1_micro", "f1_macro", "loss"}, set(last))
        self.assertNotIn("top1", last)
        self.assertEqual(self.summary(run)["final"]["val.map"], last["map"])
        evaluation = json.loads((run / "evaluation.json").read_text())
        self.assertEqual(evaluation["map"], last["map"])
        self.assertEqual({len(row) for row in evaluation["per_class"]}, {7})
        page = (run / "report.html").read_text()
        self.assertIn("best threshold", page)
        self.assertNotIn("too many classes", page)

        out, _ = self.stoker("eval", run / "checkpoints/latest", "--json")
        result = json.loads(out)
        self.assertEqual(result["map"], last["map"])
        self.assertEqual(result["loss"], last["loss"])
        self.assertNotIn("top1", result)
        present = [row["average_precision"] for row in result["per_class"] if row["images"]]
        self.assertAlmostEqual(sum(present) / len(present), result["map"])
        out, _ = self.stoker("eval", run, "eval.threshold=0.9", "--per-class", "classes.csv")
        self.assertIn("from 0.9 on", out)
        self.assertIn("average precision", out)
        self.assertEqual(len(rows_of(self.folder / "classes.csv")), len(result["per_class"]))
        self.assertIn("best_f1", rows_of(self.folder / "classes.csv")[0])
        _, err = self.stoker("eval", run, "--confusion", "-", expect=2)
        self.assertIn("--per-class", err)

        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "10", "--size", "16")
        images = sorted(str(path) for path in (self.folder / "shapes/val").rglob("*.png"))[:3]
        out, _ = self.stoker("predict", run, *images, "--format", "json", "eval.threshold=0")
        for line in out.splitlines():
            said = json.loads(line)
            self.assertEqual(len(said["labels"]), 10)
            self.assertEqual(said["labels"][:5], said["guesses"])
        out, _ = self.stoker("predict", run, *images, "eval.threshold=1")
        self.assertEqual([line.split("  ")[1:] for line in out.splitlines()], [["-"]] * 3)

    def test_the_quickstart_is_for_several_labels_too(self):
        self.stoker("config", "check", REPOSITORY / "configs/quickstart.yaml", "task=multilabel",
                    "train.label_smoothing=0")

    def test_two_ranks_measure_what_one_does(self):
        self.stoker("train", "tiny.yaml", *SEVERAL, *FOUR)
        one, _ = self.stoker("eval", "runs/tiny/1", "--json", "eval.batch_size=7")
        two, _ = self.stoker("eval", "runs/tiny/1", "--json", "eval.batch_size=7", "--devices",
                             "cpu:2")
        one, two = json.loads(one), json.loads(two)
        # Batches are cut elsewhere, and a network's scores are those of its batch within rounding.
        for key in ("map", "f1_micro", "f1_macro", "loss", "images"):
            self.assertAlmostEqual(one[key], two[key], places=6)
        for a, b in zip(one["per_class"], two["per_class"], strict=True):
            self.assertEqual(a.keys(), b.keys())
            for key, value in a.items():
                if isinstance(value, float):
                    self.assertAlmostEqual(value, b[key], places=6)
                else:
                    self.assertEqual(value, b[key])
        self.stoker("train", "tiny.yaml", *SEVERAL, *FOUR, "name=two", "--devices", "cpu:2")
        self.assertAlmostEqual(self.metrics("runs/two/1")[-1]["loss"],
                               self.metrics("runs/tiny/1")[-1]["loss"], places=5)

    def test_labels_come_from_a_manifest_and_from_packed_shards(self):
        self.stoker("data", "make", "shapes", "--out", "set", "--images", "200", "--size", "16",
                    "--figures", "2")
        for split in ("train", "val"):
            self.assertIn("|", (self.folder / f"set/{split}.csv").read_text())
        out, _ = self.stoker("config", "init", "set")
        self.assertIn("task: multilabel", out)
        self.assertIn("loss: bce", out)
        (self.folder / "own.yaml").write_text(out)
        self.stoker("config", "check", "own.yaml")
        out, _ = self.stoker("data", "inspect", "set/train.csv", "--json")
        counts = sum(row["images"] for row in json.loads(out)["classes"])
        labels = sum(len(row["labels"].split("|")) for row in rows_of(self.folder / "set/train.csv")
                     if row["labels"])
        self.assertEqual(counts, labels)

        manifest = ["data.format=csv", "data.root=set", "data.train=train.csv", "data.val=val.csv"]
        self.stoker("train", "tiny.yaml", *SEVERAL, *manifest, "name=csv")
        (self.folder / "pack.yaml").write_text(
            "task: multilabel\n"
            "data: {format: csv, root: set, train: train.csv, val: val.csv}\n"
            "augment: [normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}]\n")
        out, _ = self.stoker("data", "pack", "pack.yaml", "shards")
        labels = "data.labels='{split}-labels.csv'"  # unquoted, YAML would read a map
        self.assertIn(f'"{labels}"', out)
        out, _ = self.stoker("config", "init", "shards")
        self.assertIn("task: multilabel", out)
        self.assertIn('labels: "{split}-labels.csv"', out)
        (self.folder / "packed.yaml").write_text(out)
        self.stoker("config", "check", "packed.yaml")
        shards = ["data.format=shards", "data.root=shards", labels]
        self.stoker("train", "tiny.yaml", *SEVERAL, *shards, "name=shards")
        self.assertEqual(self.metrics("runs/csv/1")[-1]["map"],
                         self.metrics("runs/shards/1")[-1]["map"])
        # One label an image is still read from the same shards.
        self.stoker("train", "tiny.yaml", *shards[:2], "train.max_steps=1", "name=one")

    def test_what_does_not_go_with_several_labels_is_refused(self):
        for override, said in {
            "train.loss=cross_entropy": "bce, asymmetric, sigmoid_focal",
            "train.label_smoothing=0.1": "task: multilabel",
            "data.balance=0.5": "train.balanced_loss",
            "algorithms=[{distillation: {teacher: runs/x}}]": "distillation",
            "checkpoint.monitor=val.top1": "val.map",
        }.items():
            with self.subTest(override=override):
                for verb in (["train", "tiny.yaml"], ["config", "check", "tiny.yaml"]):
                    _, err = self.stoker(*verb, *SEVERAL, override, expect=2)
                    self.assertIn(override.split("=")[0].split(".")[-1], err)
                    self.assertIn(said, err)
        for override in ("checkpoint.monitor=val.map", "train.positive_weights=[1, 2]",
                         "eval.threshold=0.9", "data.label_separator=;"):
            _, err = self.stoker("config", "check", "tiny.yaml", override, expect=2)
            self.assertIn(override.split("=")[0], err)
        _, err = self.stoker("train", "tiny.yaml", *SEVERAL, "train.positive_weights=[1, 2]",
                             expect=2)
        self.assertIn("train.positive_weights: 2 weights", err)
        self.stoker("data", "make", "shapes", "--out", "set", "--images", "10", "--size", "16")
        _, err = self.stoker("train", "tiny.yaml", *SEVERAL, "data.format=image_folder",
                             "data.root=set", expect=2)
        self.assertIn("data.labels", err)
        _, err = self.stoker("config", "check", "tiny.yaml", *SEVERAL, "data.format=image_folder",
                             "data.root=set", expect=2)
        self.assertIn("data.format: image_folder knows one label", err)
        self.stoker("train", "tiny.yaml", *SEVERAL, "train.max_steps=2", "checkpoint.monitor=val.loss")
        for verb in (["eval", "runs/tiny/1"], ["predict", "runs/tiny/1", "x.png"]):
            _, err = self.stoker(*verb, "task=classification", expect=2)
            self.assertIn("trained with task: multilabel", err)
        _, err = self.stoker("train", "--resume", "runs/tiny/1", "task=classification", expect=2)
        self.assertIn("task", err)

    def test_a_mistake_is_told_with_its_place(self):
        for line, said in {"train: {label_smoothing: 0.1}": "train.label_smoothing",
                           "train: {loss: focal}": "train.loss: focal",
                           "train: {balanced_loss: true, positive_weights: [1]}":
                               "train.balanced_loss",
                           "data: {format: image_folder, root: x}": "data.format",
                           "checkpoint: {monitor: val.ece}": "checkpoint.monitor"}.items():
            with self.subTest(line=line):
                (self.folder / "several.yaml").write_text(
                    f"extends: tiny.yaml\ntask: multilabel\n{line}\n")
                _, err = self.stoker("config", "check", "several.yaml", expect=2)
                self.assertIn(f"several.yaml:3: {said}", err)

    def test_mixing_and_weights_work_on_several_labels(self):
        for name, options in {
            "mix": ["algorithms=[mixup, cutmix: {per: pair}]", "train.loss=sigmoid_focal"],
            "weights": ["train.balanced_loss=true", "train.loss=asymmetric"],
        }.items():
            self.stoker("train", "tiny.yaml", *SEVERAL, *options, f"name={name}")
            losses = [record["loss"] for record in self.metrics(f"runs/{name}/1")]
            self.assertTrue(all(math.isfinite(loss) for loss in losses))
            self.assertTrue((self.folder / f"runs/{name}/1/batch.jpg").exists())


if __name__ == "__main__":
    unittest.main()
