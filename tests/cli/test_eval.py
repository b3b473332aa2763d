import csv
import json
import unittest

from binary import BinaryTest


class Eval(BinaryTest):
    def setUp(self):
        super().setUp()
        self.stoker("train", "tiny.yaml")

    def test_eval_repeats_the_run_s_own_figures(self):
        out, _ = self.stoker("eval", "runs/tiny/1/checkpoints/latest", "--json")
        result = json.loads(out)
        last = self.metrics("runs/tiny/1")[-1]
        self.assertEqual(result["top1"], last["top1"])
        self.assertEqual(result["loss"], last["loss"])
        self.assertEqual(result["images"], 40)
        self.assertEqual(sum(map(sum, result["confusion"])), 40)
        hits = sum(row[i] for i, row in enumerate(result["confusion"]))
        self.assertAlmostEqual(hits / 40, result["top1"])
        self.assertEqual(len(result["per_class"]), 10)

    def test_eval_takes_a_run_a_pointer_or_a_checkpoint(self):
        for path in ("runs/tiny/1", "runs/tiny/1/checkpoints", "runs/tiny/1/checkpoints/best",
                     "runs/tiny/1/checkpoints/step-00000018"):
            with self.subTest(path=path):
                out, _ = self.stoker("eval", path)
                self.assertIn("top1", out)

    def test_an_average_is_what_is_evaluated(self):
        self.stoker("train", "tiny.yaml", "algorithms=[{ema: {decay: 0.9}}]", "name=ema")
        out, _ = self.stoker("eval", "runs/ema/1/checkpoints/latest", "--json")
        self.assertEqual(json.loads(out)["loss"], self.metrics("runs/ema/1")[-1]["loss"])

    def test_an_average_of_another_decay_is_chosen(self):
        self.stoker("train", "tiny.yaml", "algorithms=[{ema: {decay: 0.9, more_decays: [0, 0.5]}}]",
                    "name=ema")

        def loss(run, *overrides):
            out, _ = self.stoker("eval", run + "/checkpoints/latest", "--json", *overrides)
            return json.loads(out)["loss"]
        # An average that keeps nothing of the past is the network itself.
        self.assertEqual(loss("runs/ema/1", "eval.average=0"), loss("runs/tiny/1"))
        self.assertNotIn(loss("runs/ema/1", "eval.average=0.5"),
                         [loss("runs/ema/1"), loss("runs/tiny/1")])
        _, err = self.stoker("eval", "runs/ema/1", "eval.average=0.7", expect=2)
        self.assertIn("more_decays", err)
        _, err = self.stoker("train", "tiny.yaml", "eval.average=0.7", expect=2)
        self.assertIn("eval.average", err)

    def test_test_time_augmentation_averages_the_views_of_an_image(self):
        def loss(*overrides):
            out, _ = self.stoker("eval", "runs/tiny/1", "--json", *overrides)
            result = json.loads(out)
            self.assertEqual(result["images"], 40)
            return result["loss"]

        five = ["eval.augment=[resize: {size: 20}, center_crop: {size: 16}, normalize: "
                "{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}]", "eval.tta.crops=five"]
        losses = {loss(), loss("eval.tta.flip=true"), loss(*five),
                  loss(*five, "eval.tta.flip=true", "eval.batch_size=7")}
        self.assertEqual(len(losses), 4)
        self.assertAlmostEqual(loss(*five, "eval.batch_size=7"), loss(*five), places=6)
        _, err = self.stoker("eval", "runs/tiny/1", "eval.tta.crops=five", "eval.augment=[resize: "
                             "{size: [16, 16]}]", expect=2)
        self.assertIn("eval.tta.crops", err)

    def test_what_is_no_checkpoint_is_a_usage_error(self):
        _, err = self.stoker("eval", "runs/absent", expect=2)
        self.assertIn("runs/absent", err)

    def test_labels_follow_the_classes_names_and_not_their_order(self):
        # Folders are sorted by name, the procedural set is not; and its fifth class has no images.
        images = "data.format.val_images=400"
        self.stoker("train", "tiny.yaml", "model.hidden=[64]", "name=named", images,
                    "data.format.size=16")
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "96", "--size", "16",
                    "--val-images", "400")
        out, _ = self.stoker("eval", "runs/named/1/checkpoints/latest", "--json")
        made, _ = self.stoker("eval", "runs/named/1/checkpoints/latest", "--json",
                              "data.format=image_folder", "data.root=shapes")
        self.assertEqual(json.loads(out)["confusion"], json.loads(made)["confusion"])

    def test_classes_that_the_model_does_not_know_are_refused(self):
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "40")
        (self.folder / "shapes" / "val" / "ring").rename(self.folder / "shapes" / "val" / "torus")
        _, err = self.stoker("eval", "runs/tiny/1", "data.format=image_folder",
                             "data.root=shapes", expect=3)
        self.assertIn("torus", err)

    def test_a_confusion_matrix_is_a_picture_or_a_table(self):
        out, _ = self.stoker("eval", "runs/tiny/1", "--json", "--confusion", "c.png",
                             "--confusion", "c.csv", "--per-class", "classes.csv")
        result = json.loads(out)
        self.assertTrue((self.folder / "c.png").read_bytes().startswith(b"\x89PNG"))
        with open(self.folder / "c.csv", newline="") as file:
            rows = list(csv.reader(file))
        names = [entry["name"] for entry in result["per_class"]]
        self.assertEqual(rows[0][1:], names)
        self.assertEqual([row[0] for row in rows[1:]], names)
        self.assertEqual([[int(n) for n in row[1:]] for row in rows[1:]], result["confusion"])
        with open(self.folder / "classes.csv", newline="") as file:
            classes = list(csv.DictReader(file))
        self.assertEqual([row["class"] for row in classes], names)
        for row, entry in zip(classes, result["per_class"]):
            self.assertEqual(int(row["images"]), entry["images"])
            self.assertAlmostEqual(float(row["recall"]), entry["recall"], places=5)
        out, _ = self.stoker("eval", "runs/tiny/1", "--confusion", "-")
        self.assertIn("row: label", out)

    def test_a_confusion_file_of_another_kind_is_refused_before_the_work(self):
        _, err = self.stoker("eval", "runs/absent", "--confusion", "c.jpg", expect=2)
        self.assertIn(".png", err)

    def test_the_training_images_are_evaluated_without_their_randomness(self):
        out, _ = self.stoker("eval", "runs/tiny/1", "--json", "--split", "train")
        first = json.loads(out)
        self.assertEqual(first["images"], 96)
        out, _ = self.stoker("eval", "runs/tiny/1", "--json", "--split", "train", "seed=7")
        again = json.loads(out)
        self.assertEqual((again["loss"], again["top1"]), (first["loss"], first["top1"]))
        self.stoker("eval", "runs/tiny/1", "--split", "test", expect=2)

    def test_unreadable_images_are_counted(self):
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "40", "--size", "16",
                    "--val-images", "20")
        next((self.folder / "shapes" / "val" / "ring").glob("*.png")).write_bytes(b"no image")
        words = ["eval", "runs/tiny/1", "data.format=image_folder", "data.root=shapes"]
        self.stoker(*words, expect=3)
        out, _ = self.stoker(*words, "data.on_error=skip", "--json")
        self.assertEqual(json.loads(out)["images"], 19)
        self.assertEqual(json.loads(out)["unreadable"], 1)


if __name__ == "__main__":
    unittest.main()
