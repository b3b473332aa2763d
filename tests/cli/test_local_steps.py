"""Ranks that take steps by themselves (dist.local_steps)."""

import unittest

from binary import tensors_of, without_times
from ranks import FOUR, RanksTest, far_apart, floats_of

TWO = ["--devices", "cpu:2"]


class LocalSteps(RanksTest):
    def test_one_local_step_is_an_exchange_of_gradients(self):
        """A mean of weights that moved by momentum is a move by the mean of the gradients."""
        self.stoker("train", "tiny.yaml", "name=whole", *FOUR, *TWO)
        _, err = self.stoker("train", "tiny.yaml", "name=local", *FOUR, *TWO, "dist.local_steps=1")
        self.assertIn("each rank takes 1 step of 8 images by itself", err)
        self.assertLess(far_apart(floats_of(self.last("runs/whole/1")),
                                  floats_of(self.last("runs/local/1"))), 1e-5)
        self.assertEqual([r["top1"] for r in self.metrics("runs/whole/1") if r["split"] == "val"],
                         [r["top1"] for r in self.metrics("runs/local/1") if r["split"] == "val"])

    def test_gradients_are_exchanged_until_local_after(self):
        for name, more in (("whole", []), ("post", ["dist.local_steps=3", "dist.local_after=1"])):
            self.stoker("train", "tiny.yaml", f"name={name}", *FOUR, *TWO, *more,
                        "checkpoint.keep_last=9")
        at = [f"runs/{name}/1/checkpoints" for name in ("whole", "post")]
        first, last = ([tensors_of(self.folder / path / step) for path in at]
                       for step in ("step-00000006", "step-00000018"))
        self.assertEqual(first[0], first[1])
        self.assertNotEqual(last[0], last[1])

    def test_a_run_that_is_stopped_goes_on_bit_for_bit(self):
        """The signal comes between two means; ranks stop at the next."""
        long = ["train.epochs=40", "log.every_steps=1", "algorithms=[ema]", "dist.local_steps=4",
                "model={name: mlp, hidden: [24], batch_norm: true}"]
        self.stoker("train", "tiny.yaml", *long, *TWO)
        self.interrupt_at(9, "name=cut", *long)
        saved = int(self.last("runs/cut/1").name.split("-")[1])
        self.assertTrue(saved % 4 == 0 or saved % 6 == 0, saved)  # of 4 steps, or an epoch
        self.stoker("train", "--resume", "runs/cut/1", *TWO)
        self.assertEqual(tensors_of(self.last("runs/tiny/1")), tensors_of(self.last("runs/cut/1")))
        self.assertEqual(without_times(self.metrics("runs/tiny/1")),
                         without_times(self.metrics("runs/cut/1")))

    def test_what_does_not_go_with_it_is_refused(self):
        for option, said in (("dist.shard=optimizer", "dist.shard"),
                             ("dist.mesh.pipeline=2", "dist.mesh.pipeline"),
                             ("train.batch_norm=sync", "train.batch_norm: sync"),
                             ("train.precision=fp16", "train.precision: fp16"),
                             ("algorithms=[noise_scale]", "algorithms: noise_scale")):
            _, err = self.stoker("config", "check", "tiny.yaml", "dist.local_steps=4", option,
                                 expect=2)
            self.assertIn(f"dist.local_steps does not go with {said}", err)
        _, err = self.stoker("config", "check", "tiny.yaml", "dist.local_after=1", expect=2)
        self.assertIn("dist.local_steps is 0", err)


if __name__ == "__main__":
    unittest.main()
