import csv
import io
import json
import unittest

from binary import BinaryTest


class Predict(BinaryTest):
    def setUp(self):
        super().setUp()
        self.stoker("train", "tiny.yaml")
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "20", "--size", "16")
        self.images = sorted((self.folder / "shapes" / "train").rglob("*.png"))

    def test_a_folder_is_predicted_in_order(self):
        out, err = self.stoker("predict", "runs/tiny/1", "shapes/train", "--top", "3",
                               "--format", "json", "eval.batch_size=7")
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([row["image"] for row in rows],
                         [str(p.relative_to(self.folder)) for p in self.images])
        for row in rows:
            probabilities = [guess["probability"] for guess in row["guesses"]]
            self.assertEqual(len(probabilities), 3)
            self.assertEqual(probabilities, sorted(probabilities, reverse=True))
            self.assertLessEqual(sum(probabilities), 1 + 1e-6)
        self.assertIn("20 images in", err)

    def test_every_class_s_probability_sums_to_one(self):
        out, _ = self.stoker("predict", "runs/tiny/1", self.images[0], "--top", "99",
                             "--format", "json")
        guesses = json.loads(out)["guesses"]
        self.assertEqual(len(guesses), 10)
        self.assertAlmostEqual(sum(guess["probability"] for guess in guesses), 1, places=5)

    def test_predictions_agree_with_evaluation(self):
        out, _ = self.stoker("eval", "runs/tiny/1", "--json", "data.format=image_folder",
                             "data.root=shapes", "data.val=train")
        top1 = json.loads(out)["top1"]
        out, _ = self.stoker("predict", "runs/tiny/1", "shapes/train", "--top", "1",
                             "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(out)))
        hits = sum(row["class"] == row["image"].split("/")[2] for row in rows)
        self.assertAlmostEqual(hits / len(rows), top1)

    def test_patterns_and_standard_input(self):
        out, _ = self.stoker("predict", "runs/tiny/1", "shapes/train/ring/*.png")
        self.assertEqual(len(out.splitlines()), 2)
        process = self.start("predict", "runs/tiny/1", "-", stdin=-1)
        out, _ = process.communicate("\n".join(map(str, self.images[:3])) + "\n", timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(out.splitlines()), 3)

    def test_a_bad_file_is_reported_and_the_rest_go_on(self):
        bad = self.images[4]
        bad.write_bytes(b"no image")
        out, err = self.stoker("predict", "runs/tiny/1", "shapes/train", expect=3)
        self.assertEqual(len(out.splitlines()), 19)
        self.assertIn(bad.name, err)

    def test_what_is_not_there_is_said(self):
        for words in (["absent.png"], ["shapes/*.gif"]):
            _, err = self.stoker("predict", "runs/tiny/1", *words, expect=3)
            self.assertIn(words[0], err)
        self.stoker("predict", "runs/tiny/1", "device=cpu", expect=2)
        self.stoker("predict", "runs/absent", self.images[0], expect=2)


if __name__ == "__main__":
    unittest.main()
