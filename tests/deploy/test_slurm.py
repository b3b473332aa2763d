"""deploy/slurm/train.sbatch with stand-ins for srun and scontrol: what a job runs, and when it is
queued again."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "deploy/slurm/train.sbatch"


class Sbatch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="stoker-slurm-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # srun starts a process that waits for USR1 where it is asked to, and notes its words.
        self.tool("srun", 'echo "$@" >> calls; trap "exit 75" USR1; '
                          'if [ -n "${WAITS:-}" ]; then touch started; '
                          'while :; do sleep 0.02; done; fi; exit ${ENDS:-0}')
        self.tool("scontrol", 'echo "$@" >> requeued')

    def tool(self, name, body):
        path = self.folder / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def start(self, *words, **variables):
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}",
                       "SLURM_JOB_ID": "4711", **variables}
        return subprocess.Popen(["bash", str(SCRIPT), "a.yaml", *words], cwd=self.folder,
                                env=environment, stdout=subprocess.DEVNULL)

    def run_job(self, *words, **variables):
        process = self.start(*words, **variables)
        process.wait(timeout=30)
        return process.returncode

    def read(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def test_a_job_that_finishes(self):
        self.assertEqual(self.run_job("train.epochs=3"), 0)
        self.assertEqual(self.read("calls"),
                         ["--kill-on-bad-exit=0 stoker train a.yaml train.epochs=3 name=4711 "
                          "--devices all"])
        self.assertEqual(self.read("requeued"), [])

    def test_an_interruption_is_queued_again_and_an_error_is_not(self):
        self.assertEqual(self.run_job(ENDS="75"), 75)
        self.assertEqual(self.read("requeued"), ["requeue 4711"])
        self.assertEqual(self.run_job(ENDS="3"), 3)
        self.assertEqual(len(self.read("requeued")), 1)

    def test_a_task_of_an_array_is_queued_again_by_its_own_name(self):
        self.run_job(ENDS="75", SLURM_ARRAY_JOB_ID="4700", SLURM_ARRAY_TASK_ID="3")
        self.assertEqual(self.read("requeued"), ["requeue 4700_3"])
        self.assertIn("seed=3 name=4700_3", self.read("calls")[0])

    def test_signals_reach_the_ranks(self):
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM):
            with self.subTest(signal=number.name):
                (self.folder / "started").unlink(missing_ok=True)
                process = self.start(WAITS="1")
                while not (self.folder / "started").exists():
                    time.sleep(0.01)
                process.send_signal(number)
                process.wait(timeout=30)
                self.assertEqual(process.returncode, 75)
        self.assertEqual(self.read("requeued"), ["requeue 4711"] * 3)

    def test_a_job_that_was_queued_again_goes_on(self):
        self.run_job(SLURM_RESTART_COUNT="1")
        self.assertNotIn("--resume", self.read("calls")[0])  # its first life began no run
        (self.folder / "runs/4711/1").mkdir(parents=True)
        self.run_job(SLURM_RESTART_COUNT="1")
        self.assertIn("--resume", self.read("calls")[1])


if __name__ == "__main__":
    unittest.main()
