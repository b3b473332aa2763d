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

    def test_keys_that_must_stay_are_refused_with_the_reason(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=5")
        _, err = self.stoker("train", "tiny.yaml", "--resume", "train.batch_size=8", expect=2)
        self.assertIn("train.batch_size: 16 → 8", err)
        _, err = self.stoker("train", "tiny.yaml", "--resume", "optimizer.lr=0.005",
                             "train.max_steps=6")
        self.assertIn("optimizer.lr: 0.01 → 0.005", err)


if __name__ == "__main__":
    unittest.main()
