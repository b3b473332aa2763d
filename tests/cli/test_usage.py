"""Help, mistyped words, numbers at the edges, and the two programs behind the one command line."""
import os
import re
import shutil
import subprocess
import unittest

from binary import BINARY, BinaryTest

VERBS = ("train", "eval", "predict", "resume-check", "export", "bench", "bench loader", "bench step", "tune", "data",
         "data get", "data make", "data make shapes", "data inspect", "data verify", "data pack",
         "data index", "config", "config print", "config check", "config init", "config schema",
         "config reference", "models", "sweep", "doctor", "runs", "compare", "report", "completion")


class Usage(BinaryTest):
    def test_every_verb_s_example_is_its_own(self):
        for verb in VERBS:
            out, _ = self.stoker(*verb.split(), "--help")
            examples = re.findall(r"^  (?:.*\| )?stoker (.*)$", out.split("Example")[-1], re.M)
            self.assertTrue(examples, out)
            for example in examples:
                self.assertTrue(example.startswith(verb), f"{verb}: {example}")

    def test_a_verb_that_is_missing_or_mistyped(self):
        for words, listed in (([], ("train", "eval", "data")), (["data"], ("inspect", "pack")),
                              (["bench"], ("loader", "step")), (["config"], ("print", "schema"))):
            out, err = self.stoker(*words, expect=2)
            self.assertEqual(out, "")
            for verb in listed:
                self.assertRegex(err, rf"\n  {verb} ")
        _, err = self.stoker("trian", "tiny.yaml", expect=2)
        self.assertIn("did you mean `train`?", err)
        _, err = self.stoker("data", "inpsect", "x", expect=2)
        self.assertIn("did you mean `inspect`?", err)

    def test_an_option_that_is_a_key_of_the_config(self):
        for words, hint in ((["--epochs", "3"], "`train.epochs=3`"),
                            (["--epochs=3"], "`train.epochs=3`"),
                            (["--lr", "0.1"], "`optimizer.lr=0.1`"),
                            (["--train.epochs", "3"], "`train.epochs=3`"),
                            (["--batch-size", "64"], "`train.batch_size=64`"),
                            (["--seed"], "`seed=…`"),
                            (["--epohcs", "3"], "`train.epochs=3`"),
                            (["--dryrun"], "`--dry-run`"),
                            (["--gibberish"], "--resume")):
            _, err = self.stoker("train", "tiny.yaml", *words, expect=2)
            self.assertIn(hint, err)
            self.assertIn(words[0].split("=")[0], err)
        _, err = self.stoker("data", "verify", "x", "--jsno", expect=2)
        self.assertIn("`--json`", err)

    def test_a_seed_below_nought_is_refused(self):
        for words in (["data", "make", "shapes", "--out", "s"], ["data", "pack", "tiny.yaml", "out"]):
            for seed in ("-1", "-9223372036854775808", "1e30", "nan", "x"):
                _, err = self.stoker(*words, f"--seed={seed}", expect=2)
                self.assertIn("--seed", err)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["tiny.yaml"])

    def test_numbers_at_the_edges(self):
        for words in (["train", "tiny.yaml", "train.epochs=1e30"],
                      ["train", "tiny.yaml", "train.epochs=1e300"],
                      ["train", "tiny.yaml", "train.epochs=5e9"],
                      ["train", "tiny.yaml", "train.epochs=-1"],
                      ["train", "tiny.yaml", "train.epochs=.nan"],
                      ["train", "tiny.yaml", "train.epochs=nan"],
                      ["train", "tiny.yaml", "train.batch_size=0"],
                      ["train", "tiny.yaml", "train.batch_size=1e30"],
                      ["train", "tiny.yaml", "train.batch_size=99999999999999999999"],
                      ["train", "tiny.yaml", "data.prefetch_mib=9007199254740992"],
                      ["train", "tiny.yaml", "data.threads=100000"],
                      ["train", "tiny.yaml", "schedule.warmup_epochs=1e300"],
                      ["train", "tiny.yaml", "train.max_time=nan"],
                      ["train", "tiny.yaml", "train.max_time=-5s"],
                      ["train", "tiny.yaml", "train.max_time=1e999s"],
                      ["predict", "runs/absent", "x", "--top", "0"],
                      ["predict", "runs/absent", "x", "--top", "1e30"],
                      ["bench", "loader", "tiny.yaml", "--threads", "99999999999"],
                      ["bench", "loader", "tiny.yaml", "--seconds", "nan"],
                      ["bench", "step", "tiny.yaml", "--seconds", "-1"],
                      ["data", "pack", "x", "y", "--shard-mib", "99999999999999"]):
            with self.subTest(words=words):
                out, err = self.stoker(*words, expect=2)
                self.assertNotIn("defect", err)
                self.assertNotRegex(err, r"\d{25}", "digits that nobody reads")
        # Large, but no mistake: the batch is the set, the evaluation one batch.
        most = 2**63 - 1
        self.stoker("train", "tiny.yaml", f"train.batch_size={most}", "train.epochs=1",
                    f"eval.batch_size={most}", f"train.microbatch={most}",
                    "train.max_time=1e300d", "checkpoint.every_minutes=1e300",
                    "checkpoint.every_steps=9000000000000000000", "checkpoint.keep_last=9e15",
                    "log.every_steps=9000000000000000000", "data.prefetch_mib=100000000")
        self.assertEqual(self.metrics("runs/tiny/1")[-1]["images"], 40)
        out, _ = self.stoker("eval", "runs/tiny/1", f"eval.batch_size={most}")
        self.assertIn("40 images", out)
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "20", "--size", "16")
        out, _ = self.stoker("predict", "runs/tiny/1", "shapes/val", f"eval.batch_size={most}")
        self.assertEqual(len(out.splitlines()), len(list(self.folder.glob("shapes/val/*/*"))))
        self.stoker("config", "check", "tiny.yaml", f"train.batch_size={most}",
                    f"train.microbatch={most}")
        self.stoker("config", "check", "tiny.yaml", f"train.batch_size={most}",
                    "train.microbatch=1")


class TwoPrograms(BinaryTest):
    def test_help_and_work_on_data_load_no_libtorch(self):
        listing = subprocess.run(
            [BINARY, "--help"], env={**os.environ, "LD_TRACE_LOADED_OBJECTS": "1"},
            capture_output=True, text=True, check=True).stdout
        self.assertIn("libstdc++", listing)
        self.assertNotRegex(listing, r"lib(torch|c10|cud|nv|mkl|opencv)")

    def test_without_stoker_torch(self):
        alone = shutil.copy(BINARY, self.folder / "stoker")
        def run(*words):
            return subprocess.run([alone, *words], cwd=self.folder, capture_output=True, text=True)
        help_ = run("train", "--help")
        self.assertEqual((help_.returncode, help_.stderr), (0, ""))
        train = run("train", "tiny.yaml")
        self.assertEqual((train.returncode, train.stdout), (2, ""))
        self.assertRegex(train.stderr, r"stoker-torch.*is not beside this program[^$]*"
                                       rf"{self.folder}/lib/stoker/stoker-torch: not there")

    def test_a_link_to_stoker_finds_stoker_torch(self):
        link = self.folder / "link"
        link.symlink_to(BINARY)
        out = subprocess.run([link, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertIn("LibTorch", out)

    def test_stoker_torch_alone(self):
        program = BINARY.parent / "lib" / "stoker" / "stoker-torch"
        run = subprocess.run([program, "data", "verify", "."], capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("run `stoker`", run.stderr)


if __name__ == "__main__":
    unittest.main()
