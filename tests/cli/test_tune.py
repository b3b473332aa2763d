"""stoker tune: what it finds is used as though it had been written, and nothing else changes."""
import json
import re
import signal
import time
import unittest
import xml.dom.minidom

from binary import BinaryTest, tensors_of, without_times

QUICK = ("--seconds", "1")


class Tune(BinaryTest):
    def files(self):
        return sorted(str(f.relative_to(self.folder)) for f in self.folder.rglob("*"))

    def test_json_has_what_programs_ask_for(self):
        out, _ = self.stoker("tune", "tiny.yaml", "train.batch_size=32", "--json", *QUICK)
        found = json.loads(out)
        for key in ("microbatch", "largest_microbatch", "images_per_s", "predicted_peak_bytes",
                    "measured_peak_bytes", "limit_bytes", "curve", "overrides"):
            self.assertIn(key, found)
        self.assertEqual(found["largest_microbatch"], 32)
        self.assertEqual(found["overrides"], [f"train.microbatch={found['microbatch']}"])
        sizes = [row["microbatch"] for row in found["curve"]]
        self.assertEqual(sizes, sorted(set(sizes)))
        self.assertIn(found["microbatch"], sizes)
        self.assertLess(found["measured_peak_bytes"], found["limit_bytes"])
        self.assertEqual(self.files(), ["tiny.yaml"])

    def test_a_limit_is_kept_and_a_shortage_explained(self):
        out, _ = self.stoker("tune", "tiny.yaml", "model.hidden=[512]", "train.batch_size=96",
                             "memory.limit_gib=0.03", "--json", *QUICK)
        found = json.loads(out)
        self.assertLessEqual(found["measured_peak_bytes"], found["limit_bytes"])
        self.assertEqual(found["limit_bytes"], round(0.03 * 2**30))
        _, err = self.stoker("tune", "tiny.yaml", "model.hidden=[512]", "memory.limit_gib=0.005",
                             *QUICK, expect=5)
        self.assertIn("What would save most", err)

    def test_written_config_and_chart(self):
        (self.folder / "out").mkdir()
        self.stoker("tune", "tiny.yaml", "optimizer.lr=0.02", "--write", "out/tuned.yaml", "--plot",
                    "out/rate.svg", *QUICK)
        text = (self.folder / "out" / "tuned.yaml").read_text()
        self.assertIn('extends: ../tiny.yaml\n', text)
        out, _ = self.stoker("config", "print", "out/tuned.yaml", "--json")
        config = json.loads(out)
        self.assertEqual(config["optimizer"]["lr"], 0.02)
        self.assertGreater(config["train"]["microbatch"], 0)
        svg = xml.dom.minidom.parse(str(self.folder / "out" / "rate.svg"))
        self.assertEqual(svg.documentElement.tagName, "svg")
        out, _ = self.stoker("tune", "tiny.yaml", "--write", "-", *QUICK)
        self.assertIn('extends: tiny.yaml\n', out)
        _, err = self.stoker("tune", "tiny.yaml", "--write", "-", "--json", expect=2)
        self.assertIn("only one can have standard output", err)

    def test_learning_rate_and_precision(self):
        out, _ = self.stoker("tune", "tiny.yaml", "--lr", "--steps", "40", "--json")
        found = json.loads(out)
        self.assertTrue(found["reason"])
        self.assertLessEqual(len(found["points"]), 40)
        rates = [point["lr"] for point in found["points"]]
        self.assertEqual(rates, sorted(rates))
        out, _ = self.stoker("tune", "tiny.yaml", "--precision", "--steps", "4", "--json")
        rows = json.loads(out)["rows"]
        self.assertEqual({row["precision"] for row in rows}, {"fp32", "bf16"})
        _, err = self.stoker("tune", "tiny.yaml", "--lr", "--precision", expect=2)
        self.assertRegex(err, "excludes")

    def test_auto_is_found_once_and_a_resume_keeps_it(self):
        self.stoker("train", "tiny.yaml", "train.microbatch=auto", "train.max_steps=4")
        config = (self.folder / "runs/tiny/1/config.yaml").read_text()
        found = int(re.search(r"microbatch: (\d+)", config).group(1))
        _, err = self.stoker("train", "tiny.yaml", "train.microbatch=auto", "--resume")
        self.assertNotIn("looking for", err)
        self.stoker("train", "tiny.yaml", f"train.microbatch={found}")
        self.assertEqual(tensors_of(self.folder / "runs/tiny/1/checkpoints/step-00000018"),
                         tensors_of(self.folder / "runs/tiny/2/checkpoints/step-00000018"))
        _, err = self.stoker("train", "tiny.yaml", "train.microbatch=auto")
        self.assertIn("as found before", err)
        self.assertEqual(without_times(self.metrics("runs/tiny/3")),
                         without_times(self.metrics("runs/tiny/2")))

    def test_the_rate_follows_the_batch_and_is_not_scaled_twice(self):
        rule = ("tune={base_batch_size: 8, lr_rule: linear}",)
        _, err = self.stoker("train", "tiny.yaml", *rule, "train.max_steps=4")
        self.assertRegex(err, r"learning rate 0.01 becomes 0.02")
        config = (self.folder / "runs/tiny/1/config.yaml").read_text()
        self.assertRegex(config, r"\n  lr: 0.02\n")
        self.stoker("train", "tiny.yaml", *rule, "--resume")
        self.stoker("train", "--resume", "runs/tiny/1", "train.epochs=3")
        self.stoker("train", "tiny.yaml", "optimizer.lr=0.02")
        self.assertEqual(tensors_of(self.folder / "runs/tiny/1/checkpoints/step-00000018"),
                         tensors_of(self.folder / "runs/tiny/2/checkpoints/step-00000018"))

    def test_checkpointing_auto_takes_the_least_that_fits(self):
        network = ("model={name: airbench, widths: [8, 16, 16]}", "data.format.size=32",
                   "augment=[{normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}]",
                   "train.batch_size=48", "train.max_steps=2", "memory.checkpoint=auto")
        self.stoker("train", "tiny.yaml", *network)
        self.assertIn("checkpoint: none", (self.folder / "runs/tiny/1/config.yaml").read_text())
        peak = self.summary("runs/tiny/1")["peak_bytes"]
        # A quarter of so small a limit stays free.
        self.stoker("train", "tiny.yaml", *network, f"memory.limit_gib={peak * 1.25 / 2**30}")
        self.assertRegex((self.folder / "runs/tiny/2/config.yaml").read_text(),
                         "checkpoint: (norms|blocks)")

    def test_the_noise_scale_is_measured_and_changes_nothing(self):
        steps = ("train.microbatch=4", "train.epochs=4")
        _, err = self.stoker("train", "tiny.yaml", *steps, "algorithms=[noise_scale]")
        self.assertRegex(err, r"(gradient noise scale is about|lost in its noise)")
        self.stoker("train", "tiny.yaml", *steps)
        last = "checkpoints/step-00000024/model.safetensors"
        runs = [self.folder / f"runs/tiny/{number}" for number in (1, 2)]
        self.assertEqual(*[(run / last).read_bytes() for run in runs])
        self.assertFalse(any("noise_scale" in line for line in self.metrics("runs/tiny/2")))
        self.stoker("train", "tiny.yaml", *steps, "algorithms=[noise_scale]", "train.max_steps=9")
        self.stoker("train", "--resume", "runs/tiny/3", "train.max_steps=none")
        self.assertEqual(tensors_of(runs[0] / "checkpoints/step-00000024"),
                         tensors_of(self.folder / "runs/tiny/3/checkpoints/step-00000024"))

    def test_batch_size_auto_becomes_a_number(self):
        auto = ("train.batch_size=auto", "tune.base_batch_size=4", "train.epochs=1")
        _, err = self.stoker("train", "tiny.yaml", *auto)
        batch = int(re.search(r"train.batch_size: auto is (\d+)", err).group(1))
        self.assertGreaterEqual(batch, 4)
        config = (self.folder / "runs/tiny/1/config.yaml").read_text()
        self.assertRegex(config, rf"\n  batch_size: {batch}\n")
        _, err = self.stoker("train", "tiny.yaml", *auto[:2], "train.epochs=2", "--resume")
        self.assertNotIn("looking for", err)
        _, err = self.stoker("train", "tiny.yaml", *auto, "--dry-run")
        self.assertIn("auto is found when training starts", err)
        _, err = self.stoker("train", "tiny.yaml", auto[0], expect=2)
        self.assertIn("tune.base_batch_size", err)

    def test_the_critical_batch_of_a_run(self):
        self.stoker("train", "tiny.yaml", "schedule=constant", "train.batch_size=8")
        before = self.files()
        out, _ = self.stoker("tune", "--critical-batch", "runs/tiny/1", "--steps", "16", "--json")
        found = json.loads(out)
        self.assertEqual(found["step"], 36)
        self.assertEqual([row["batch_size"] for row in found["branches"]][:2], [8, 16])
        self.assertIn(found["largest_that_keeps_up"], (8, 16, 32))
        self.assertEqual(self.files(), before)
        out, _ = self.stoker("tune", "--critical-batch", "runs/tiny/1/checkpoints/latest",
                             "--steps", "16")
        self.assertIn("branches from step 36, 128 images each", out)
        for words in (("tune", "--critical-batch"), ("eval",), ("predict",)):  # a file that is no run
            _, err = self.stoker(*words, "tiny.yaml", *(["x.png"] * (words[0] == "predict")), expect=2)
            self.assertIn("tiny.yaml: no checkpoint here", err)
        self.stoker("train", "tiny.yaml", "name=cooled")  # its rate ends at nought
        _, err = self.stoker("tune", "--critical-batch", "runs/cooled/1", expect=2)
        self.assertIn("an earlier checkpoint", err)

    def test_ctrl_c_in_the_middle(self):
        for wait in (1.0, 2.0):
            process = self.start("tune", "tiny.yaml", "--seconds", "600", "train.batch_size=96",
                                 "model.hidden=[4000, 4000, 4000]")
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 75, err)
            self.assertEqual(self.files(), ["tiny.yaml"])


if __name__ == "__main__":
    unittest.main()
