"""Names that are no UTF-8, or hold control characters: no verb trips over them, all JSON is valid and
gives the bytes back, and what is for a person holds nothing that a terminal obeys."""
import csv
import io
import json
import os
import re
import unittest

from binary import BinaryTest

CLASSES = [b"caf\xe9", b"evil\x1b[2J", b"plain"]
SHOWN = ["caf\\xe9", "evil\\x1b[2J", "plain"]
BAD_IMAGE = b"bad\xff\x1b]0;title\x07.png"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
CONFIG = """\
data: {format: image_folder, root: data, train: train, val: val}
augment:
  - resize: {size: [16, 16]}
  - normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}
model: {name: mlp, hidden: [8]}
optimizer: {name: sgd, lr: 0.05}
schedule: constant
train: {epochs: 2, batch_size: 4, precision: fp32}
"""


def bytes_of(names):
    return [os.fsencode(name) for name in names]


class Names(BinaryTest):
    def setUp(self):
        super().setUp()
        (self.folder / "c.yaml").write_text(CONFIG)
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "30", "--size", "16")
        made = sorted((self.folder / "shapes").glob("*/*/*.png"))
        for split in (b"train", b"val"):
            for i, name in enumerate(CLASSES):
                folder = os.path.join(os.fsencode(self.folder), b"data", split, name)
                os.makedirs(folder)
                for k in range(4):
                    with open(os.path.join(folder, b"im\xe9\x1b%d.png" % k), "wb") as file:
                        file.write(made[4 * i + k].read_bytes())

    def add_unreadable(self):
        path = os.path.join(os.fsencode(self.folder), b"data", b"train", CLASSES[0], BAD_IMAGE)
        with open(path, "wb") as file:
            file.write(b"no image")

    def assert_for_a_person(self, *texts):
        for text in texts:
            self.assertNotRegex(text, CONTROL)

    def read(self, *arguments, expect=0):
        """Standard output as JSON; bytes that are no UTF-8 would already fail to decode."""
        out, err = self.stoker(*arguments, expect=expect)
        self.assert_for_a_person(out, err)
        return json.loads(out)

    def test_training_and_what_follows_it(self):
        out, err = self.stoker("train", "c.yaml", "train.max_steps=4")
        self.assert_for_a_person(out, err)
        run = self.folder / "runs/c/1"
        state = json.loads((run / "checkpoints/step-00000004/state.json").read_text("utf-8"))
        self.assertEqual(bytes_of(state["classes"]), CLASSES)
        # The classes are the same on resume, bit by bit; other ones are refused and shown.
        out, err = self.stoker("train", "--resume", "runs/c/1")
        self.assert_for_a_person(out, err)
        self.assertIn("going on from", err)
        self.assertTrue(self.read("resume-check", "runs/c/1", "--json")["same"])
        for name in ("metrics.jsonl", "summary.json", "environment.json", "log.txt"):
            text = (run / name).read_text("utf-8")
            self.assert_for_a_person(text)
            for line in text.splitlines() if name == "metrics.jsonl" else ():
                json.loads(line)
        for split in (b"train", b"val"):
            folder = os.path.join(os.fsencode(self.folder), b"data", split)
            os.rename(os.path.join(folder, CLASSES[0]), os.path.join(folder, b"caf\xe8"))
        _, err = self.stoker("train", "--resume", "runs/c/1", "train.epochs=3", expect=2)
        self.assert_for_a_person(err)
        self.assertIn("caf\\xe8", err)
        self.assertIn("caf\\xe9", err)

    def test_evaluation_in_every_form(self):
        self.stoker("train", "c.yaml")
        result = self.read("eval", "runs/c/1", "--json")
        self.assertEqual(bytes_of(row["name"] for row in result["per_class"]), CLASSES)
        out, _ = self.stoker("eval", "runs/c/1", "--confusion", "-", "--confusion", "c.png",
                             "--confusion", "c.csv", "--per-class", "classes.csv")
        self.assert_for_a_person(out)
        for name in SHOWN:
            self.assertIn(name, out)
        for name, column in (("c.csv", "true\\predicted"), ("classes.csv", "class")):
            with open(self.folder / name, errors="surrogateescape", newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(bytes_of(row[column] for row in rows), CLASSES)
        self.assertEqual((self.folder / "c.png").read_bytes()[:4], b"\x89PNG")

    def test_prediction_in_every_format(self):
        self.stoker("train", "c.yaml")
        self.add_unreadable()
        out, err = self.stoker("predict", "runs/c/1", "data/train", expect=3)
        self.assert_for_a_person(out, err)
        self.assertIn("bad\\xff\\x1b]0;title\\x07.png", err)
        self.assertEqual(err.count("bad\\xff"), 1)
        out, _ = self.stoker("predict", "runs/c/1", "data/val", "--format", "json")
        self.assert_for_a_person(out)
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(sorted(bytes_of(g["class"] for g in rows[0]["guesses"])), CLASSES)
        out, _ = self.stoker("predict", "runs/c/1", "data/val", "--format", "csv", "--top", "1",
                             errors="surrogateescape")
        for row in csv.DictReader(io.StringIO(out, newline="")):
            self.assertTrue(os.path.exists(os.path.join(os.fsencode(self.folder),
                                                        os.fsencode(row["image"]))))
            self.assertIn(os.fsencode(row["class"]), CLASSES)

    def test_looking_at_data(self):
        result = self.read("data", "inspect", "data/train", "--json")
        self.assertEqual(bytes_of(row["name"] for row in result["classes"]), CLASSES)
        out, _ = self.stoker("data", "inspect", "data", "--sheet", "sheet.png")
        self.assert_for_a_person(out)
        for name in SHOWN:
            self.assertIn(name, out)
        self.stoker("data", "inspect", "--augment", "c.yaml")
        self.read("data", "verify", "data", "--json")
        self.add_unreadable()
        result = self.read("data", "verify", "data/train", "--json", expect=3)
        self.assertTrue(os.fsencode(result["unreadable"][0]["name"]).endswith(BAD_IMAGE))
        for words in (["data", "verify", "data"], ["train", "c.yaml"]):
            out, err = self.stoker(*words, expect=3)
            self.assert_for_a_person(out, err)
            self.assertIn("bad\\xff\\x1b]0;title\\x07.png", out + err)
        out, err = self.stoker("data", "inspect", "data")
        self.assert_for_a_person(out, err)

    def test_a_line_feed_in_a_name_begins_no_line(self):
        odd = "z\x1b[31m\nstoker: all is well.png"
        as_shown = "z\\x1b[31m\\nstoker: all is well.png"
        (self.folder / "data/train/plain" / odd).write_bytes(b"no image")
        (self.folder / "list.csv").write_text(f'path,label\n"data/train/plain/{odd}",a\n'
                                              "shapes.png,b\n")
        made = next((self.folder / "shapes/train").glob("*/*.png"))
        (self.folder / "shapes.png").write_bytes(made.read_bytes())
        for words in (["train", "c.yaml"], ["data", "verify", "data/train"],
                      ["data", "pack", "data", "packed"], ["train", "c.yaml", "data.on_error=skip"],
                      ["train", "c.yaml", "data.on_error=skip", "data.val=train"],
                      ["data", "pack", "data", "skipped", "--on-error", "skip"],
                      ["train", "c.yaml", "data.format=csv", "data.root=.", "data.train=list.csv",
                       "data.val=list.csv"]):
            with self.subTest(words=words):
                process = self.start(*words)
                out, err = process.communicate(timeout=60)
                self.assertIn(process.returncode, (0, 3), err)
                self.assert_for_a_person(out, err)
                self.assertIn(as_shown, out + err)
                for line in (out + err).splitlines():
                    self.assertFalse(line.startswith("stoker: all is well"), out + err)
        (self.folder / "data/val" / "x\nstoker: well").mkdir()
        (self.folder / "data/val" / "x\nstoker: well" / "1.png").write_bytes(b"no image")
        _, err = self.stoker("train", "c.yaml", expect=3)
        self.assertIn('the class "x\\nstoker: well" is not one of', err)

    def test_packing(self):
        self.add_unreadable()
        _, err = self.stoker("data", "pack", "data", "packed", expect=3)
        self.assert_for_a_person(err)
        result = self.read("data", "pack", "data", "packed", "--on-error", "skip", "--json")
        self.assertTrue(os.fsencode(result[0]["skipped"][0]["name"]).endswith(BAD_IMAGE))
        self.assertIn("bad\\xff\\x1b]0;title\\x07.png", result[0]["skipped"][0]["reason"])
        out, _ = self.stoker("data", "pack", "data", "again", "--on-error", "skip")
        self.assert_for_a_person(out)
        self.stoker("data", "index", "packed", "--force")
        result = self.read("data", "inspect", "packed", "--split", "train", "--json")
        self.assertEqual(bytes_of(row["name"] for row in result["classes"]), CLASSES)
        self.stoker("train", "c.yaml", "data.format=shards", "data.root=packed")

    def test_labels_of_a_manifest(self):
        lines = [b"path,label"] + [b"train/plain/im\xe9\x1b%d.png,%s" % (k, label)
                                   for k in range(4) for label in (b"th\xe9", b"x\x1b[31m")]
        with open(self.folder / "data/list.csv", "wb") as file:
            file.write(b"\n".join(lines) + b"\n")
        words = ["data.format=csv", "data.train=list.csv", "data.val=list.csv"]
        out, err = self.stoker("train", "c.yaml", *words)
        self.assert_for_a_person(out, err)
        result = self.read("eval", "runs/c/1", "--json")
        self.assertEqual(bytes_of(row["name"] for row in result["per_class"]),
                         [b"th\xe9", b"x\x1b[31m"])

    def test_measuring(self):
        self.read("bench", "loader", "c.yaml", "--json", "--no-train", "--seconds", "0.05")
        self.read("bench", "step", "c.yaml", "--json", "--seconds", "0.05")
        out, err = self.stoker("train", "c.yaml", "--dry-run")
        self.assert_for_a_person(out, err)

    def test_values_and_words_of_the_command_line(self):
        odd = os.fsdecode(b"caf\xe9\x1b[2J")
        (self.folder / f"{odd}.yaml").write_text(CONFIG)
        for words in (["config", "print", f"{odd}.yaml"], ["config", "check", f"{odd}.yaml"],
                      ["train", f"{odd}.yaml", "name=t", "train.max_steps=1"],
                      ["train", "--resume", "runs/t/1"], ["eval", "runs/t/1"]):
            self.assert_for_a_person(*self.stoker(*words))
        value = '"\\e[2J\\u009b"'
        out, _ = self.stoker("config", "print", "c.yaml", f"data.root={value}")
        self.assert_for_a_person(out)
        (self.folder / "printed.yaml").write_text(out)
        result = self.read("config", "print", "printed.yaml", "--json")
        self.assertEqual(result["data"]["root"], "\x1b[2J\x9b")
        for words in (["train", odd], ["eval", odd], ["predict", odd, odd], [odd], ["data", odd],
                      ["data", "inspect", odd], ["data", "verify", odd], ["data", "index", odd],
                      ["config", "check", odd], ["train", "c.yaml", f"data.root={odd}"],
                      ["train", f"--{odd}"], ["train", "c.yaml", f"{odd}=1"],
                      ["bench", "step", "c.yaml", "--seconds", odd],
                      ["train", "c.yaml", f"data.root={value}"], ["resume-check", odd],
                      ["train", "--resume", odd], ["data", "pack", odd, odd]):
            with self.subTest(words=words):
                process = self.start(*words)
                out, err = process.communicate(timeout=60)
                self.assertIn(process.returncode, (2, 3), err)
                self.assert_for_a_person(out, err)
        self.read("data", "inspect", "shapes/train", "--json")
        environment = json.loads((self.folder / "runs/t/1/environment.json").read_text("utf-8"))
        command = environment["earlier"][0]["command_line"]
        self.assertIn(f"{odd}.yaml", command)


if __name__ == "__main__":
    unittest.main()
