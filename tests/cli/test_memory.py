import unittest

from binary import BinaryTest

GIB = 1 << 30
# Activations of some megabytes an image beside a few kilobytes of weights.
NETWORK = ["data.format.size=32", "augment.pad_crop.size=32",
           "model={name: airbench, widths: [16, 16, 16]}", "eval.batch_size=16"]


class Memory(BinaryTest):
    def peak(self, name, *overrides):
        self.stoker("train", "tiny.yaml", *NETWORK, f"name={name}", *overrides)
        return self.summary(f"runs/{name}/1")["peak_bytes"]

    def limit(self):
        """Between the needs of whole batches and of micro-batches of 2, as an override."""
        whole = self.peak("whole")
        small = self.peak("small", "train.microbatch=2")
        self.assertLess(small, whole)
        return f"memory.limit_gib={(whole + small) / 2 / GIB:.9f}"

    def test_a_run_that_does_not_fit_shrinks_its_micro_batch_and_goes_on_bit_for_bit(self):
        limit = self.limit()
        _, err = self.stoker("train", "tiny.yaml", *NETWORK, "name=limited", limit)
        self.assertIn("memory ran out at step 1 with micro-batches of 16 images", err)
        self.assertIn("(memory.limit_gib)", err)
        summary = self.summary("runs/limited/1")
        self.assertEqual(summary["reason"], "finished")
        self.assertLess(summary["peak_bytes"], self.summary("runs/whole/1")["peak_bytes"])
        changes = [r for r in self.metrics("runs/limited/1") if r["split"] == "memory"]
        self.assertTrue(changes)
        self.assertEqual({r["step"] for r in changes}, {1})
        self.assertLess(changes[-1]["microbatch"], 16)
        self.assertEqual(changes[-1]["grad_accumulation"] * changes[-1]["microbatch"], 16)
        out, _ = self.stoker("resume-check", "runs/limited/1")
        self.assertIn("bit for bit", out)

    def test_a_fixed_micro_batch_that_does_not_fit_is_exit_code_5(self):
        limit = self.limit()
        _, err = self.stoker("train", "tiny.yaml", *NETWORK, "name=fixed", limit,
                             "memory.microbatch=fixed", expect=5)
        self.assertIn("training with a micro-batch of 16 images at step 1 on cpu", err)
        self.assertEqual(self.summary("runs/fixed/1")["reason"], "failed")

    def test_a_prediction_that_does_not_fit_goes_on_with_parts_of_its_batches(self):
        self.stoker("train", "tiny.yaml", *NETWORK, "name=trained")
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "10", "--val-images", "50")
        predict = ["predict", "runs/trained/1", "shapes/val", "eval.batch_size=50"]
        whole, err = self.stoker(*predict)
        self.assertNotIn("does not fit", err)
        divided, err = self.stoker(*predict, "memory.limit_gib=0.008")
        self.assertIn("prediction with batches of 50 images does not fit", err)
        self.assertIn("(memory.limit_gib)", err)
        self.assertEqual([line.split()[:2] for line in divided.splitlines()],
                         [line.split()[:2] for line in whole.splitlines()])
        self.assertEqual(len(divided.splitlines()), 50)
        _, err = self.stoker(*predict, "memory.limit_gib=0.008", "memory.microbatch=fixed", expect=5)
        self.assertIn("Set eval.batch_size to a smaller number", err)

    def test_where_not_one_image_fits_the_end_says_what_would_save_most(self):
        wide = ["model={name: mlp, hidden: [512]}", "optimizer={name: adamw, lr: 0.01}"]
        # Half of the gradients fit beside the weights and the optimizer's two averages of them.
        weights_bytes = 4 * (3 * 16 * 16 * 512 + 512 + 512 * 10 + 10)
        limit = 3.5 * weights_bytes / GIB
        _, err = self.stoker("train", "tiny.yaml", *wide, "name=none",
                             f"memory.limit_gib={limit:.9f}", expect=5)
        self.assertIn("Not even a micro-batch of ", err)
        self.assertIn("What would save most:", err)
        self.assertEqual(err.count(": about "), 3)

    def test_the_plan_lists_the_parts_of_the_memory(self):
        _, err = self.stoker("train", "tiny.yaml", "algorithms=[ema]", "train.max_steps=1")
        for part in ("of parameters", "of gradients", "of optimizer state", "of averages",
                     "of activations that a micro-batch of 16 keeps"):
            self.assertIn(part, err)


if __name__ == "__main__":
    unittest.main()
