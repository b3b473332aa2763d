"""What training refuses, what it refuses it with, and that a refusal leaves nothing behind."""

import json
import os
import re
import socket
import unittest

from binary import TINY, BinaryTest

# Overrides that no training can go on with, and the key that the message must name.
MISTAKES = {
    "schedule.warmup_epochs=50": "schedule.warmup_epochs",
    "schedule={name: step}": "schedule",
    "schedule={name: step, milestones: [5, 2]}": "schedule",
    "train.max_time=1x": "train.max_time",
    "model.freeze=['(']": "model.freeze",
    "model.freeze=[nowhere]": "model.freeze",
    "optimizer.groups=[{match: '*a'}]": "optimizer.groups",
    "optimizer.groups=[{match: nowhere}]": "optimizer.groups",
    "optimizer.nesterov=true optimizer.momentum=0": "optimizer.nesterov",
    "augment=[resize: {size: [16, 16, 16]}]": "augment",
    "algorithms=[ema, ema]": "algorithms",
    "algorithms=[ema, swa]": "algorithms",
    "algorithms=[{swa: {start: 1}}] train.epochs=2.5": "swa.start",
    "algorithms=[{ema: {decay: 0.9, more_decays: [0.9]}}]": "more_decays",
    "algorithms=[distillation]": "teacher",
    "device=tpu": "device",
    "model.batch_norm=true train.batch_size=1": "train.batch_size",
}


# Each a list of overrides, and the key that the message must name.
MISTAKES_OF_WORDS = [
    (["data.fold=6/5"], "data.fold"),
    (["data.fold=0.2"], "data.fold"),
    (["data.fold=1/5", "data.split.val=0.1"], "data.split.val"),
    (["data.merge_classes=[\"x\"]"], "data.merge_classes"),
    (["data.ignore_classes=[a]", "data.merge_classes=[\"b = a\"]"], "data.ignore_classes"),
    (["data.format=image_folder", "data.root="], "data.root"),
    (["data.format=cifar", "data.root=x", "data.val=dev"], "data.val"),
    (["data.prefetch_mib=9223372036854775807"], "data.prefetch_mib"),
    (["data.cache_limit_gib=1e300"], "data.cache_limit_gib"),
    (["train.class_weights=[1,2]", "train.balanced_loss=true"], "train.balanced_loss"),
    (["train.class_weights=[1,1e308]"], "train.class_weights"),
    (["train.clip_grad_norm=1", "train.clip_grad_value=1"], "train.clip_grad_norm"),
    (["train.early_stopping.min_delta=0.1"], "train.early_stopping.patience"),
    (["eval.average=0.9"], "eval.average"),
    (["model.weights=nosuch.safetensors"], "model.weights"),
    (["model.weights=owner/nosuch"], "model.weights"),
    (["algorithms=[{distillation: {teacher: nosuch}}]"], "teacher"),
    (["name=../escaped"], "name: "),
    (["name=/tmp/x"], "name: "),
]


class Refusals(BinaryTest):
    def test_check_refuses_by_their_words_what_training_refuses(self):
        (self.folder / "each").write_text(
            "".join(json.dumps(words) + "\n" for words, _ in MISTAKES_OF_WORDS))
        out, _ = self.stoker("config", "check", "tiny.yaml", "--each", "each")
        answers = [json.loads(line)["problems"] for line in out.splitlines()]
        self.assertEqual(len(answers), len(MISTAKES_OF_WORDS))
        for (words, key), answer in zip(MISTAKES_OF_WORDS, answers):
            with self.subTest(words=words):
                self.assertIn(key, answer or "good")
                self.assertIn("override `", answer)  # where it was written
        for words, key in MISTAKES_OF_WORDS[2::7]:
            for dry in ([], ["--dry-run"]):
                _, err = self.stoker("train", "tiny.yaml", *words, *dry, expect=2)
                self.assertIn(key, err)
        self.assertFalse((self.folder / "runs").exists())
        self.assertFalse((self.folder / "escaped").exists())

    def test_a_model_that_does_not_fit_is_out_of_memory_in_check_and_training(self):
        for hidden in ("4000000000,4000000000", "9223372036854775807"):
            for command in (["config", "check"], ["train"]):
                _, err = self.stoker(*command, "tiny.yaml",
                                     f"model={{name: mlp, hidden: [{hidden}]}}", expect=5)
                self.assertIn("building the model mlp", err)
                self.assertNotIn("internal", err)

    def test_places_that_cannot_be_written_are_refused_before_a_folder_is_made(self):
        (self.folder / "file").write_text("no folder")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            for override, code in (("log.mlflow=/proc/nosuch", 3), ("run.dir=/proc/nosuch", 3),
                                   ("run.dir=file", 3), (f"monitor.port={port}", 2)):
                for dry in ([], ["--dry-run"]):
                    _, err = self.stoker("train", "tiny.yaml", override, *dry, expect=code)
                    self.assertIn(override.split("=")[0], err)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"tiny.yaml", "file"})

    def test_check_and_dry_run_refuse_what_training_refuses_and_nothing_is_left(self):
        for mistake, key in MISTAKES.items():
            overrides = re.split(r" (?=\w+\.\w+=)", mistake)
            with self.subTest(mistake=mistake):
                for command in (["train"], ["train", "--dry-run"], ["config", "check"]):
                    out, err = self.stoker(*command, "tiny.yaml", *overrides, expect=2)
                    self.assertIn(key, err)
                    self.assertIn("override `", err)  # where it was written
                    self.assertNotIn("data  ", out + err)  # the plan
                self.assertFalse((self.folder / "runs").exists())

    def test_a_mistake_that_shows_late_has_its_line(self):
        (self.folder / "late.yaml").write_text(
            TINY.replace("warmup_epochs: 0.5", "\n  warmup_epochs: 50"))
        for command in (["train"], ["config", "check"]):
            _, err = self.stoker(*command, "late.yaml", expect=2)
            self.assertRegex(err, r"late\.yaml:9: schedule\.warmup_epochs: 50 epochs")

    def test_check_is_good_where_training_runs(self):
        out, _ = self.stoker("config", "check", "tiny.yaml", "train.epochs=2")
        self.assertEqual(out, "tiny.yaml: good\n")

    def test_a_refused_resume_prefers_the_run_that_saved_something(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=4")
        (self.folder / "runs/tiny/2").mkdir()
        (self.folder / "runs/tiny/2/config.yaml").write_text(
            (self.folder / "runs/tiny/1/config.yaml").read_text())
        for words in (["tiny.yaml", "--resume"], ["--resume"]):
            _, err = self.stoker("train", *words)
            self.assertIn("going on from runs/tiny/1/checkpoints", err)


class NotFinite(BinaryTest):
    NORM = ["model={name: mlp, hidden: [8], batch_norm: true}"]

    def test_a_batch_norm_over_one_value_is_refused(self):
        for overrides in (["train.batch_size=1"], ["train.batch_size=3", "train.microbatch=2"]):
            _, err = self.stoker("train", "tiny.yaml", *self.NORM, *overrides, expect=2)
            self.assertIn("sees one value a channel", err)

    def test_no_micro_batch_is_a_rest_of_one(self):
        _, err = self.stoker("train", "tiny.yaml", *self.NORM, "train.batch_size=9",
                             "train.microbatch=4", "train.max_steps=4")
        self.assertNotIn("nan", err)

    def test_weights_that_are_not_finite_are_no_success(self):
        out, err = self.stoker("train", "tiny.yaml", "optimizer.lr=1e30",
                               "train.max_nonfinite_steps=1000", expect=6)
        self.assertIn("not finite", err)
        summary = self.summary("runs/tiny/1")
        self.assertEqual(summary["reason"], "failed")
        self.assertFalse((self.folder / "runs/tiny/1/checkpoints/best").exists())
        for verb in (["eval", "runs/tiny/1/checkpoints/latest"],
                     ["predict", "runs/tiny/1/checkpoints/latest", "."]):
            self.stoker("data", "make", "shapes", "--out", f"{verb[0]}-shapes")
            _, err = self.stoker(*verb, expect=6)
            self.assertIn("not finite", err)


class Precision(BinaryTest):
    def test_auto_says_what_it_took_and_the_run_keeps_it(self):
        environment = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}  # an older processor

        _, err = self.stoker("train", "tiny.yaml", "train.precision=auto", "device=cpu",
                             "train.max_steps=2", env={**os.environ, **environment})
        self.assertRegex(err, r"precision +fp32 \(auto: .*bf16 is slower than fp32\)")
        self.assertIn("precision: fp32", (self.folder / "runs/tiny/1/config.yaml").read_text())
        _, err = self.stoker("train", "tiny.yaml", "train.precision=bf16", "device=cpu",
                             "train.max_steps=2", env={**os.environ, **environment})
        self.assertEqual(err.count("is slow here"), 1)


if __name__ == "__main__":
    unittest.main()
