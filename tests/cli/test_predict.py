import csv
import io
import json
import os
import subprocess
import unittest

from binary import BINARY, BinaryTest


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

    def test_a_model_of_yes_and_no_answers_by_sigmoid(self):
        self.stoker("train", "tiny.yaml", "train.loss=bce", "name=bce")

        def probabilities(*overrides):
            out, _ = self.stoker("predict", "runs/bce/1", self.images[0], "--top", "99",
                                 "--format", "json", *overrides)
            return {guess["class"]: guess["probability"] for guess in json.loads(out)["guesses"]}

        own, shares = probabilities(), probabilities("train.loss=cross_entropy")
        self.assertAlmostEqual(sum(shares.values()), 1, places=5)
        odds = {name: p / (1 - p) for name, p in own.items()}  # exp of the logits
        for name, share in shares.items():
            self.assertAlmostEqual(odds[name] / sum(odds.values()), share, places=5)

    def test_predictions_agree_with_evaluation(self):
        for views in ([], ["eval.tta.flip=true"]):
            out, _ = self.stoker("eval", "runs/tiny/1", "--json", "data.format=image_folder",
                                 "data.root=shapes", "data.val=train", *views)
            top1 = json.loads(out)["top1"]
            out, err = self.stoker("predict", "runs/tiny/1", "shapes/train", "--top", "1",
                                   "--format", "csv", *views)
            self.assertIn("20 images in", err)
            rows = list(csv.DictReader(io.StringIO(out)))
            hits = sum(row["class"] == row["image"].split("/")[2] for row in rows)
            self.assertEqual(len(rows), 20)
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

    def test_a_file_that_is_not_there_does_not_hold_up_the_rest(self):
        out, err = self.stoker("predict", "runs/tiny/1", self.images[0], "absent.png",
                               self.images[1], expect=3)
        self.assertEqual(len(out.splitlines()), 2)
        self.assertIn("absent.png: cannot be read: No such file", err)
        self.assertIn("1 unreadable", err)

    def test_strange_names_survive(self):
        names = ["a,b.png", 'say "x".png', "two\nlines.png", " lead.png", "猫.png", "k=v.png",
                 os.fsdecode(b"caf\xe9.png"), "back\\slash.png"]
        folder = self.folder / "strange"
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(self.images[0].read_bytes())
        expected = sorted(os.fsencode(f"strange/{name}") for name in names)
        out, _ = self.stoker("predict", "runs/tiny/1", "strange", "--format", "json",
                             errors="surrogateescape")
        found = [os.fsencode(json.loads(line)["image"]) for line in out.split("\n") if line]
        self.assertEqual(sorted(found), expected)
        out, _ = self.stoker("predict", "runs/tiny/1", "strange", "--format", "csv", "--top", "1",
                             errors="surrogateescape")
        rows = list(csv.DictReader(io.StringIO(out, newline="")))
        self.assertEqual(sorted(os.fsencode(row["image"]) for row in rows), expected)
        # As `find -print0` gives them.
        process = self.start("predict", "runs/tiny/1", "-", "--null", "--format", "json", stdin=-1,
                             errors="surrogateescape")
        out, _ = process.communicate("".join(os.fsdecode(name) + "\0" for name in expected),
                                     timeout=60)
        self.assertEqual(process.returncode, 0)
        found = [os.fsencode(json.loads(line)["image"]) for line in out.split("\n") if line]
        self.assertEqual(found, expected)

    def test_output_that_cannot_be_written_is_no_success(self):
        with open("/dev/full", "w") as full:
            process = subprocess.run([str(BINARY), "predict", "runs/tiny/1", "shapes/train"],
                                     cwd=self.folder, stdout=full, stderr=subprocess.PIPE,
                                     text=True, timeout=60)
        self.assertEqual(process.returncode, 3)
        self.assertIn("standard output: No space left", process.stderr)

    def test_a_reader_may_leave_early(self):
        result = subprocess.run(f"'{BINARY}' predict runs/tiny/1 shapes/train 2>&1 | head -n 1",
                                shell=True, cwd=self.folder, capture_output=True, text=True,
                                timeout=60)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        self.assertEqual(result.stderr, "")


if __name__ == "__main__":
    unittest.main()
