import json
import pathlib
import subprocess
import unittest

from binary import BINARY, REPOSITORY, BinaryTest

CONFIGS = sorted((REPOSITORY / "configs").glob("*.yaml"))


class Config(BinaryTest):
    def test_every_shipped_config_is_good(self):
        self.assertGreaterEqual(len(CONFIGS), 5)
        self.stoker("config", "check", *CONFIGS, "model.weights=none")  # a run of the quickstart

    def test_print_says_where_each_value_came_from(self):
        out, _ = self.stoker("config", "print", "tiny.yaml", "train.epochs=7")
        lines = {line.split(":")[0].strip(): line for line in out.splitlines()}
        self.assertIn("override", lines["epochs"])
        self.assertIn("tiny.yaml:7", lines["lr"])
        self.assertIn("default", lines["channels_last"])

    def test_what_print_shows_reads_back_to_the_same(self):
        for config in CONFIGS:
            with self.subTest(config=config.name):
                first, _ = self.stoker("config", "print", config, "--json")
                plain, _ = self.stoker("config", "print", config)
                (self.folder / config.name).write_text(plain)
                second, _ = self.stoker("config", "print", config.name, "--json")
                self.assertEqual(json.loads(first), json.loads(second))

    def test_checked_together_or_alone_configs_are_refused_alike(self):
        lists = [["seed=1"], ["model={name: mlp, hidden: [0]}"], ["seed=2"], ["optimizer.lr=-1"],
                 ["model={name: airbench, widths: [4, 8]}"], ["model.freeze=[nothing]"], ["seed=3"],
                 ["augment=[{normalize: {mean: [0.5], std: [0.5]}}]"], ["train.batch_size=auto"]]
        (self.folder / "each").write_text("".join(json.dumps(words) + "\n" for words in lists))
        out, _ = self.stoker("config", "check", "tiny.yaml", "--each", "each")
        answers = [json.loads(line)["problems"] for line in out.splitlines()]
        self.assertEqual(len(answers), len(lists))
        for words, together in zip(lists, answers):
            process = self.start("config", "check", "tiny.yaml", *words)
            _, alone = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 2 if together else 0, words)
            self.assertIn(together or "", alone)
        self.assertIsNone(answers[2])
        self.assertIn("tune.base_batch_size", answers[-1])

    def test_a_config_may_come_through_a_pipe(self):
        text = (self.folder / "tiny.yaml").read_text()
        for expect, told in ((0, ""), (2, "/dev/stdin:1")):
            done = subprocess.run([BINARY, "config", "print", "/dev/stdin", "--json"],
                                  input="nonsense: 1\n" * (expect > 0) + text, cwd=self.folder,
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, expect, done.stderr)
            self.assertIn(told, done.stderr)

    def test_all_mistakes_of_a_file_are_told_at_once(self):
        (self.folder / "bad.yaml").write_text(
            "optimizer: {name: sgd, momentmu: 0.9}\n"
            "train:\n"
            "  batch_size: big\n"
            "  precision: fp61\n"
            "schedul: cosine\n")
        _, err = self.stoker("config", "check", "bad.yaml", expect=2)
        for part in ("bad.yaml:1", "optimizer.momentmu", "momentum", "bad.yaml:3",
                     "train.batch_size", "bad.yaml:4", "fp16", "bad.yaml:5", "schedule"):
            self.assertIn(part, err)

    def test_every_config_validates_against_the_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("needs the Python package jsonschema")
        out, _ = self.stoker("config", "schema")
        schema = json.loads(out)
        validator = jsonschema.Draft202012Validator(schema)
        validator.check_schema(schema)
        for config in CONFIGS:
            with self.subTest(config=config.name):
                plain, _ = self.stoker("config", "print", config, "--json")
                validator.validate(json.loads(plain))
        errors = list(validator.iter_errors({"train": {"batch_size": 0}}))
        self.assertTrue(errors, "the schema lets a batch of 0 pass")
        self.assertTrue(list(validator.iter_errors({"trian": {}})))

    def test_the_reference_page_is_that_of_this_binary(self):
        page = (REPOSITORY / "docs" / "config.md").read_text()
        out, _ = self.stoker("config", "reference")
        self.assertEqual(page, out, "run: build/stoker config reference > docs/config.md")

    def test_a_misspelt_verb_is_told_the_nearest(self):
        _, err = self.stoker("trian", "tiny.yaml", expect=2)
        self.assertIn("unknown verb `trian` (did you mean `train`?)", err)
        self.assertIn("predict", err)

    def test_help_and_version(self):
        for verb in ([], ["train"], ["eval"], ["data"], ["config"], ["config", "print"],
                     ["data", "get"], ["data", "inspect"], ["data", "verify"]):
            with self.subTest(verb=verb):
                out, _ = self.stoker(*verb, "--help")
                self.assertIn("xample", out)
        out, _ = self.stoker("--version")
        self.assertIn("LibTorch", out)

    def test_init_writes_a_config_that_trains(self):
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "80", "--size", "20")
        for data in ("shapes", "shapes/train"):
            out, _ = self.stoker("config", "init", data)
            name = data.replace("/", "-") + ".yaml"
            self.stoker("config", "init", data, "--out", name)
            self.assertEqual((self.folder / name).read_text(), out)
            self.stoker("config", "check", name)
            self.stoker("train", name, "train.max_steps=2")
            _, err = self.stoker("config", "init", data, "--out", name, expect=2)
            self.assertIn("is there already", err)


if __name__ == "__main__":
    unittest.main()
