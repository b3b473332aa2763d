import json
import unittest

from binary import BinaryTest


class Bench(BinaryTest):
    def test_the_loader_is_measured_by_threads_and_beside_training(self):
        out, err = self.stoker("bench", "loader", "tiny.yaml", "--threads", "1,3", "--seconds",
                               "0.05", "--rounds", "1", "--json")
        result = json.loads(out)
        self.assertEqual([rate["threads"] for rate in result["loader"]], [1, 3])
        self.assertEqual(result["first_epoch"]["images"], 96)
        for rate in result["loader"] + [result["first_epoch"]]:
            self.assertGreater(rate["images_per_s"], 0)
            self.assertGreater(rate["read_us"] + rate["augment_us"], 0)
            self.assertTrue(0 < rate["busy"] <= 1, rate["busy"])
        training = result["training"]
        self.assertGreater(training["synthetic"]["images_per_s"], 0)
        self.assertAlmostEqual(training["real_over_synthetic"],
                               training["real"]["images_per_s"] /
                               training["synthetic"]["images_per_s"])
        self.assertEqual((result["model"], result["input"], result["images"]),
                         ("mlp", "3x16x16", 96))
        self.assertIn("with 3 threads", err)
        self.assertFalse((self.folder / "runs").exists())

    def test_the_table_has_a_row_a_number_of_threads(self):
        out, _ = self.stoker("bench", "loader", "tiny.yaml", "--seconds", "0.05",
                             "--no-train", "--threads", "2", "data.cache=none")
        self.assertIn("images/s", out)
        self.assertNotIn("training mlp", out)
        self.assertEqual(len([line for line in out.splitlines() if "x " in line and "%" in line]),
                         1)

    def test_steps_are_measured_on_a_batch_in_memory(self):
        out, _ = self.stoker("bench", "step", "tiny.yaml", "--seconds", "0.05", "--json",
                             "train.microbatch=5")
        result = json.loads(out)
        self.assertEqual((result["batch_size"], result["microbatch"]), (16, 4))  # not 5, 5, 5 and 1
        self.assertGreaterEqual(result["steps"], 3)
        self.assertLessEqual(result["fastest_step_s"], result["median_step_s"])
        self.assertLessEqual(result["median_step_s"], result["slowest_step_s"])
        # An mlp of 768x24 and 24x10 weights, forward and twice that backward.
        self.assertAlmostEqual(result["gflops_per_image"], 3 * 2 * (768 * 24 + 24 * 10) * 1e-9)
        out, _ = self.stoker("bench", "step", "tiny.yaml", "--seconds", "0.05")
        self.assertIn("TFLOP/s", out)

    def test_mistakes_are_usage_errors_and_missing_data_is_said(self):
        for words in (["loader"], ["loader", "absent.yaml"], ["step", "tiny.yaml", "epochs=3"],
                      ["loader", "tiny.yaml", "--threads", "0"], []):
            with self.subTest(words=words):
                _, err = self.stoker("bench", *words, expect=2)
                self.assertTrue(err.strip())
        _, err = self.stoker("bench", "loader", "tiny.yaml", "data.format=image_folder",
                             "data.root=nowhere", expect=3)
        self.assertIn("nowhere", err)


if __name__ == "__main__":
    unittest.main()
