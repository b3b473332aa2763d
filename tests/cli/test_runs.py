"""`stoker runs` and `stoker compare`: what folders of runs say, while they train and afterwards."""
import json
import signal
import time
import unittest

from binary import BinaryTest


class Runs(BinaryTest):
    def runs(self, *words):
        out, _ = self.stoker("runs", *words, "--json")
        return {run["path"]: run for run in json.loads(out)["runs"]}

    def test_a_run_from_its_start_to_its_end(self):
        process = self.start("train", "tiny.yaml", "train.epochs=2000", "log.tensorboard=false")
        try:
            metrics = self.folder / "runs/tiny/1/metrics.jsonl"
            for _ in range(600):
                if metrics.exists() and metrics.stat().st_size > 0:
                    break
                time.sleep(0.1)
            running = self.runs()["runs/tiny/1"]
            self.assertEqual(running["state"], "running")
            self.assertIn(f"process {process.pid} ", running["process"])
            self.assertLess(running["progress"], 1)
            watched = self.start("runs", "--watch", "--every", "0.1")
            time.sleep(1)
            watched.send_signal(signal.SIGINT)
            out, err = watched.communicate(timeout=60)
            self.assertEqual(watched.returncode, 0, err)
            self.assertGreater(out.count("runs/tiny/1  running"), 1)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)
        self.assertEqual(self.runs()["runs/tiny/1"]["state"], "interrupted")
        self.stoker("train", "--resume", "runs/tiny/1", "train.stop_after_epochs=1")
        finished = self.runs()["runs/tiny/1"]
        self.assertEqual(finished["state"], "finished")
        self.assertIsNone(finished["process"])

    def test_the_state_of_each_is_told_apart(self):
        self.stoker("train", "tiny.yaml", "log.tensorboard=false")
        process = self.start("train", "tiny.yaml", "train.epochs=2000", "name=killed")
        config = self.folder / "runs/killed/1/metrics.jsonl"
        for _ in range(600):
            if config.exists() and config.stat().st_size > 0:
                break
            time.sleep(0.1)
        process.kill()
        process.communicate()
        self.stoker("train", "tiny.yaml", "optimizer.lr=1e30", "name=wild", expect=6)
        runs = self.runs()
        self.assertEqual(runs["runs/tiny/1"]["state"], "finished")
        self.assertEqual(runs["runs/tiny/1"]["progress"], 1)
        summary = self.summary("runs/tiny/1")
        self.assertAlmostEqual(runs["runs/tiny/1"]["best"], summary["best"]["val.top1"])
        self.assertEqual(runs["runs/tiny/1"]["best_step"], summary["best"]["step"])
        self.assertEqual((runs["runs/killed/1"]["state"], runs["runs/killed/1"]["reason"]),
                         ("interrupted", "killed"))
        self.assertEqual(runs["runs/wild/1"]["state"], "failed")
        out, _ = self.stoker("runs")
        self.assertIn("runs/killed/1  interrupted (killed)", out)
        self.assertRegex(out, r"runs/wild/1 failed: .*finite")
        self.assertEqual(list(self.runs("runs/tiny")), ["runs/tiny/1"])

    def test_what_is_no_folder_is_refused(self):
        _, err = self.stoker("runs", "nowhere", expect=2)
        self.assertIn("nowhere: no such folder", err)
        out, _ = self.stoker("runs", ".")
        self.assertEqual(out, "no runs\n")
        _, err = self.stoker("runs", ".", "--watch", "--every", "0", expect=2)
        self.assertIn("--every", err)


class Compare(BinaryTest):
    def test_runs_side_by_side(self):
        for seed, lr in ((0, 0.01), (1, 0.01), (0, 0.02)):
            self.stoker("train", "tiny.yaml", f"seed={seed}", f"optimizer.lr={lr}",
                        "log.tensorboard=false", "train.epochs=1")
        runs = [f"runs/tiny/{i}" for i in (1, 2, 3)]
        out, _ = self.stoker("compare", *runs, "--json")
        compared = json.loads(out)
        self.assertEqual(compared["differing"],
                         {"seed": ["0", "1", "0"], "optimizer.lr": ["0.01", "0.01", "0.02"]})
        for i, run in enumerate(runs):
            self.assertEqual(compared["figures"]["val.loss"]["values"][i],
                             self.summary(run)["final"]["val.loss"])
        self.assertEqual([s["runs"] for s in compared["settings"]], [[0, 1], [2]])
        self.assertEqual(compared["settings"][0]["figures"]["val.top1"]["count"], 2)
        out, _ = self.stoker("compare", *runs)
        self.assertRegex(out, r"optimizer.lr +0.01 +0.01 +0.02")
        self.assertIn("±", out)

    def test_what_is_no_run_is_refused(self):
        _, err = self.stoker("compare", "nowhere", "tiny.yaml", expect=2)
        self.assertIn("not a run's folder", err)
        _, err = self.stoker("compare", "nowhere", expect=2)
        self.assertIn("two or more", err)


if __name__ == "__main__":
    unittest.main()
