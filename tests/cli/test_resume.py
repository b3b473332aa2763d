import json
import random
import shutil
import unittest

from binary import BinaryTest, tensors_of, without_times

CASES = {
    "sgd": [],
    "adamw, accumulation": ["optimizer=adamw", "train.microbatch=5"],
    "fp16": ["train.precision=fp16", "grad_scaler.initial_scale=1e5",
             "grad_scaler.growth_interval=3"],
    "bf16, clipping": ["train.precision=bf16", "train.clip_grad_norm=0.5"],
    "average": ["algorithms=[{ema: {decay: 0.9}}]"],
    "batch norm": ["model={name: mlp, hidden: [24], batch_norm: true}"],
    "mixing": ["algorithms=[{mixup: {probability: 0.5}}, {cutmix: {per: pair}}]",
               "train.microbatch=5", "train.label_smoothing=0.1"],
    "augmentation": ["augment=[flip, {color_jitter: {hue: 0.1}}, rand_augment, gaussian_noise, "
                     "random_erasing]"],
    "computed again, norms": ["model={name: airbench, widths: [8, 12]}",
                              "memory.checkpoint=norms", "train.microbatch=5"],
    "computed again, blocks": ["model={name: airbench, widths: [8, 12]}",
                               "memory.checkpoint=blocks", "train.precision=bf16"],
    "computed again, dropout": ["model={name: mlp, hidden: [24, 16], batch_norm: true, "
                                "dropout: 0.2}", "memory.checkpoint=blocks"],
    "one cycle": ["schedule=one_cycle", "optimizer=adam"],
}


class Resume(BinaryTest):
    def test_a_stopped_run_goes_on_bit_for_bit(self):
        chance = random.Random(20261121)
        for name, overrides in CASES.items():
            with self.subTest(case=name):
                stop = chance.randrange(1, 18)
                shutil.rmtree(self.folder / "runs", ignore_errors=True)
                self.stoker("train", "tiny.yaml", *overrides)
                # Stops in the middle of an epoch, and goes on without the limit.
                self.stoker("train", "tiny.yaml", *overrides, "name=cut",
                            f"train.max_steps={stop}", "eval.every_epochs=1")
                self.stoker("train", "tiny.yaml", *overrides, "name=cut", "--resume")
                whole = self.folder / "runs/tiny/1/checkpoints/step-00000018"
                cut = self.folder / "runs/cut/1/checkpoints/step-00000018"
                self.assertEqual(tensors_of(whole), tensors_of(cut), f"stopped at {stop}")
                # A budget adds an evaluation at its end; nothing else differs.
                records = [r for r in without_times(self.metrics("runs/cut/1"))
                           if r["split"] == "train" or r["step"] % 6 == 0]
                self.assertEqual(without_times(self.metrics("runs/tiny/1")), records)

    def test_what_is_computed_again_changes_no_weight(self):
        cases = {"model={name: mlp, hidden: [24, 16], batch_norm: true, dropout: 0.2}": "norms",
                 "model={name: airbench, widths: [8, 12]}": "norms",
                 "model={name: resnet18, dropout: 0.1}": "blocks"}
        for model, rung in cases.items():
            with self.subTest(model=model):
                shutil.rmtree(self.folder / "runs", ignore_errors=True)
                options = [model, "train.max_steps=5", "train.microbatch=8", "train.precision=bf16"]
                _, err = self.stoker("train", "tiny.yaml", *options)
                self.assertNotIn("memory.checkpoint", err)
                _, err = self.stoker("train", "tiny.yaml", *options, f"memory.checkpoint={rung}")
                self.assertRegex(err, rf"{rung} \(memory.checkpoint\): \d\d? % of the activations")
                kept, again = (self.folder / f"runs/tiny/{run}/checkpoints/step-00000005"
                               for run in (1, 2))
                self.assertEqual(tensors_of(kept), tensors_of(again))

    def test_a_run_resumes_by_its_folder_alone(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=5")
        _, err = self.stoker("train", "--resume", "runs/tiny/1", "train.max_steps=9")
        self.assertIn("going on from", err)
        self.assertEqual(self.summary("runs/tiny/1")["steps"], 9)

    def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(self):
        self.stoker("train", "tiny.yaml")
        newest = self.folder / "runs/tiny/1/checkpoints/step-00000018/model.safetensors"
        data = bytearray(newest.read_bytes())
        data[-1] ^= 1
        newest.write_bytes(data)
        _, err = self.stoker("train", "tiny.yaml", "--resume")
        self.assertIn("damaged", err)
        self.assertIn("going on from", err)
        self.assertIn("step-00000012", err)

    def test_resume_without_a_word_means_the_newest_run(self):
        _, err = self.stoker("train", "--resume", expect=2)
        self.assertIn("no runs here to resume", err)
        self.stoker("train", "tiny.yaml", "train.max_steps=5", "name=old")
        self.stoker("train", "tiny.yaml", "train.max_steps=5", "name=new")
        _, err = self.stoker("train", "--resume", "train.max_steps=7")
        self.assertIn("going on from runs/new/1/checkpoints/step-00000005", err)
        _, err = self.stoker("train", "tiny.yaml", "--resume", "name=old", "train.max_steps=7")
        self.assertIn("going on from runs/old/1/checkpoints/step-00000005", err)

    def test_a_run_goes_on_from_a_checkpoint_that_is_named(self):
        self.stoker("train", "tiny.yaml", "checkpoint.keep_last=9")
        run = self.folder / "runs/tiny/1"
        whole, records = tensors_of(run / "checkpoints/step-00000018"), self.metrics(run)
        _, err = self.stoker("train", "--resume", "runs/tiny/1/checkpoints/step-00000006")
        self.assertIn("at step 6 of 18", err)
        self.assertIn("set-aside/step-00000012", err)
        self.assertEqual(tensors_of(run / "checkpoints/step-00000018"), whole)
        self.assertEqual(without_times(self.metrics(run)), without_times(records))
        _, err = self.stoker("train", "--resume", "runs/tiny/1/checkpoints/latest")
        self.assertIn("nothing is left to train", err)

    def test_more_epochs_go_on_with_the_schedule_of_the_new_length(self):
        self.stoker("train", "tiny.yaml")
        _, err = self.stoker("train", "tiny.yaml", "--resume", "train.epochs=5")
        self.assertIn("changed on resume: train.epochs: 3 → 5", err)
        self.assertIn("the schedule spans the new length", err)
        self.assertEqual(self.summary("runs/tiny/1")["steps"], 30)
        rates = [r["lr"] for r in self.metrics("runs/tiny/1") if r["split"] == "train"]
        self.stoker("train", "tiny.yaml", "train.epochs=5", "name=long")
        long = [r["lr"] for r in self.metrics("runs/long/1") if r["split"] == "train"]
        self.assertEqual(rates[-4:], long[-4:])

    def test_resume_check_trains_again_and_compares(self):
        self.stoker("train", "tiny.yaml")
        before = sorted(self.folder.rglob("*"))
        out, _ = self.stoker("resume-check", "runs/tiny/1")
        self.assertIn("bit for bit", out)
        out, _ = self.stoker("resume-check", "runs/tiny/1", "optimizer.lr=0.02", expect=1)
        self.assertIn("values differ", out)
        out, _ = self.stoker("resume-check", "runs/tiny/1/checkpoints/step-00000012", "--json")
        self.assertTrue(json.loads(out)["same"])
        self.assertEqual(sorted(self.folder.rglob("*")), before)
        self.stoker("resume-check", "runs/tiny/1/checkpoints/step-00000018", expect=2)

    def test_keys_that_must_stay_are_refused_with_the_reason(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=5")
        _, err = self.stoker("train", "tiny.yaml", "--resume", "train.batch_size=8", expect=2)
        self.assertIn("train.batch_size: 16 → 8", err)
        _, err = self.stoker("train", "tiny.yaml", "--resume", "optimizer.lr=0.005",
                             "train.max_steps=6")
        self.assertIn("optimizer.lr: 0.01 → 0.005", err)


if __name__ == "__main__":
    unittest.main()
