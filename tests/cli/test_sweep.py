import json
import signal
import subprocess
import time
import unittest

from binary import BinaryTest, tensors_of

TINY = ["log.tensorboard=false", "log.csv=false"]


class Sweep(BinaryTest):
    def sweep(self, *words, expect=0):
        out, err = self.stoker("sweep", "tiny.yaml", *TINY, *words, "--json", expect=expect)
        return json.loads(out), err

    def steps(self, trial):
        return self.summary(trial["run"])["steps"]

    def test_each_setting_is_an_ordinary_run_and_the_best_a_config(self):
        result, err = self.sweep("optimizer.lr=0.01,0.02", "train.batch_size=16,24", "--jobs", "2")
        self.assertEqual(result["folder"], "runs/tiny/sweep-1")
        self.assertEqual([t["state"] for t in result["trials"]], ["done"] * 4)
        first = result["trials"][0]
        self.assertEqual(first["id"], "trial-001")
        self.assertEqual(first["overrides"], ["optimizer.lr=0.01", "train.batch_size=16"])
        self.assertEqual(first["run"], "runs/tiny/sweep-1/trial-001/1")
        self.assertEqual(first["exit_code"], 0)
        self.assertIn("val.top1", first["metrics"])
        self.assertGreater(first["train_time_s"], 0)
        self.assertGreater(first["peak_bytes"], 0)
        self.assertIn(result["best"], result["pareto"] + [t["id"] for t in result["trials"]])
        self.assertTrue(result["pareto"])
        folder = self.folder / result["folder"]
        self.assertEqual(len((folder / "trials.csv").read_text().splitlines()), 5)
        for picture in ("pareto.svg", "importance.svg"):
            self.assertIn("<svg", (folder / picture).read_text())
        self.stoker("config", "check", folder / "best.yaml")
        # The same command trains nothing again.
        again, _ = self.sweep("optimizer.lr=0.01,0.02", "train.batch_size=16,24", "--jobs", "2")
        self.assertEqual([t["attempts"] for t in again["trials"]], [1] * 4)
        out, _ = self.stoker("sweep", folder, "--status")
        self.assertIn("4 trials: 4 done", out)
        self.assertIn("variance explained by each key: optimizer.lr", out)

    def test_a_trial_is_bit_for_bit_the_training_that_it_stands_for(self):
        result, _ = self.sweep("optimizer.lr=0.01,0.02")
        self.stoker("train", "tiny.yaml", *TINY, "optimizer.lr=0.02", "name=alone")
        swept = self.folder / result["trials"][1]["run"] / "checkpoints/step-00000018"
        alone = self.folder / "runs/alone/1/checkpoints/step-00000018"
        self.assertEqual(tensors_of(swept), tensors_of(alone))

    def test_folds_are_trainings_of_one_setting_and_go_on(self):
        out, _ = self.stoker("train", "tiny.yaml", *TINY, "--folds", "3")
        self.assertIn("3 trials: 3 done", out)
        self.assertRegex(out, r"± \S+ \(3\)")
        self.assertIn("as configured", out)
        again, _ = self.stoker("train", "tiny.yaml", *TINY, "--folds", "3")
        self.assertEqual(again, out)
        images = set()
        for trial in (self.folder / "runs/tiny/sweep-1").glob("trial-*"):
            images.add(self.summary(trial.relative_to(self.folder) / "1")["steps"])
        self.assertEqual(len(images), 1)
        for words in (["--folds", "1"], ["--folds", "3", "--resume"], ["data.fold=1/3", "--folds", "3"],
                      ["--folds", "3", "--dry-run"]):
            self.stoker("train", "tiny.yaml", *TINY, *words, expect=2)

    def test_every_config_is_checked_before_anything_starts(self):
        _, err = self.stoker("sweep", "tiny.yaml", "train.batch_size=16,-3", "seed=1,2", expect=2)
        self.assertIn("2 of 4 trials would be refused", err)
        self.assertIn("trial-003: train.batch_size=-3 seed=1", err)
        self.assertIn("train.batch_size", err)
        self.assertFalse((self.folder / "runs").exists())
        _, err = self.stoker("sweep", "tiny.yaml", "train.batchsize=16,32", expect=2)
        self.assertIn("batch_size", err)
        _, err = self.stoker("sweep", "tiny.yaml", "optimizer.lr=0.1,", "0.2", expect=2)
        self.assertIn("without spaces", err)
        self.assertFalse((self.folder / "runs").exists())

    def test_a_failure_is_kept_with_its_reason_and_the_rest_goes_on(self):
        words = ["optimizer.lr=1e30,0.01"]
        result, err = self.sweep(*words)
        failed, done = result["trials"]
        self.assertEqual((failed["state"], done["state"]), ("failed", "done"))
        self.assertEqual(failed["exit_code"], 6)
        self.assertIn("stoker: diverged:", failed["reason"])
        self.assertIn("trial-001 failed", err)
        self.assertEqual(result["best"], "trial-002")
        again, _ = self.sweep(*words, "--retry", "failed")
        self.assertEqual([t["attempts"] for t in again["trials"]], [2, 1])
        self.sweep("optimizer.lr=1e30,1e31", "--new", "--fail-fast", expect=6)

    def test_a_changed_space_is_refused_by_name(self):
        self.sweep("optimizer.lr=0.01,0.02")
        _, err = self.stoker("sweep", "tiny.yaml", *TINY, "optimizer.lr=0.01,0.03", expect=2)
        self.assertIn("optimizer.lr: 0.01,0.02, now 0.01,0.03", err)
        _, err = self.stoker("sweep", "tiny.yaml", *TINY, "optimizer.lr=0.01,0.02",
                             "train.epochs=2", expect=2)
        self.assertIn("train.epochs: 3, now 2", err)
        result, _ = self.sweep("optimizer.lr=0.01,0.03", "--new")
        self.assertEqual(result["folder"], "runs/tiny/sweep-2")

    def wait_for(self, what):
        for _ in range(2400):
            if what():
                return
            time.sleep(0.05)
        self.fail("it never came")

    def checkpoint_of(self, trial):
        return any((self.folder / f"runs/tiny/sweep-1/{trial}/1/checkpoints").glob("step-*"))

    def test_a_stop_and_a_kill_lose_nothing(self):
        words = ["optimizer.lr=0.01,0.02", "train.epochs=60", "checkpoint.every_steps=5"]
        process = self.start("sweep", "tiny.yaml", *TINY, *words)
        self.wait_for(lambda: self.checkpoint_of("trial-001"))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("stoker sweep runs/tiny/sweep-1", err)
        status = json.loads(self.stoker("sweep", "runs/tiny/sweep-1", "--status", "--json")[0])
        self.assertEqual(status["trials"][0]["state"], "interrupted")
        self.assertEqual(status["trials"][0]["exit_code"], 75)

        process = self.start("sweep", "runs/tiny/sweep-1")
        self.wait_for(lambda: self.checkpoint_of("trial-002"))
        process.kill()
        process.communicate()
        result, _ = self.sweep(*words)
        self.assertEqual([t["state"] for t in result["trials"]], ["done", "done"])
        self.assertEqual([self.steps(t) for t in result["trials"]], [360, 360])
        for trial in ("trial-001", "trial-002"):
            self.assertFalse((self.folder / f"runs/tiny/sweep-1/{trial}/2").exists())
            said = (self.folder / f"runs/tiny/sweep-1/{trial}/output.txt").read_text()
            self.assertRegex(said, r"going on from .* at step \d+ of 360")

    def test_halving_trains_no_step_twice(self):
        result, _ = self.sweep("optimizer.lr=0.001,0.01,0.02,0.05", "--halving", "2")
        states = sorted(t["state"] for t in result["trials"])
        self.assertEqual(states, ["done", "pruned", "pruned", "pruned"])
        # 18 steps in full; the rungs of 4 settings by halves end after 4 or 5 (of 4.5), 9 and 18.
        steps = sorted(self.steps(t) for t in result["trials"])
        self.assertEqual(steps[2:], [9, 18])
        self.assertIn(steps[0], (4, 5))
        done = next(t for t in result["trials"] if t["state"] == "done")
        self.assertEqual(len(done["rungs"]), 3)
        # Rungs are prefixes: the survivor is the run that nobody stopped.
        self.stoker("train", "tiny.yaml", *TINY, *done["overrides"], "name=alone")
        self.assertEqual(
            tensors_of(self.folder / done["run"] / "checkpoints/step-00000018"),
            tensors_of(self.folder / "runs/alone/1/checkpoints/step-00000018"))

    def test_commands_for_others_are_run_once_each_and_read_back(self):
        out, _ = self.stoker("sweep", "tiny.yaml", *TINY, "optimizer.lr=0.01,0.02",
                             "--print-commands")
        lines = out.splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines + lines[:1]:
            subprocess.run(line, shell=True, check=True, cwd=self.folder,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        result = json.loads(self.stoker("sweep", "runs/tiny/sweep-1", "--status", "--json")[0])
        self.assertEqual([t["state"] for t in result["trials"]], ["done", "done"])
        self.assertFalse((self.folder / "runs/tiny/sweep-1/trial-001/2").exists())
        result, _ = self.sweep("optimizer.lr=0.01,0.02")
        self.assertEqual([t["attempts"] for t in result["trials"]], [0, 0])

    def test_a_sweep_file_with_random_settings_and_seeds(self):
        (self.folder / "sweep.yaml").write_text(
            "sweep:\n  config: tiny.yaml\n  space: {optimizer.lr: log:0.001..0.1, "
            "train.epochs: 1}\n  sobol: 2\n  seeds: 2\n  metric: val.loss\n")
        result = json.loads(self.stoker("sweep", "sweep.yaml", "--json")[0])
        self.assertEqual([t["state"] for t in result["trials"]], ["done"] * 4)
        self.assertEqual([t["overrides"][-1] for t in result["trials"]],
                         ["seed=0", "seed=1"] * 2)
        self.assertEqual(len(result["settings"]), 2)
        self.assertIsNotNone(result["settings"][0]["deviation"])
        self.assertEqual(result["metric"], "val.loss")

    def test_the_sweep_of_configs_is_good(self):
        from binary import REPOSITORY
        out, _ = self.stoker("sweep", REPOSITORY / "configs/sweeps/shapes.yaml", "--print-commands")
        self.assertEqual(len(out.splitlines()), 12)


if __name__ == "__main__":
    unittest.main()
