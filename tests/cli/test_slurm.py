"""A real Slurm of one node; skipped where none can be started."""

import json
import re
import subprocess
import time

from binary import BINARY, REPOSITORY, BinaryTest
from slurm_node import SlurmNode, why_not

SCRIPT = REPOSITORY / "deploy/slurm/train.sbatch"


class Slurm(BinaryTest):
    @classmethod
    def setUpClass(cls):
        cls.reason = why_not()
        if cls.reason:
            return
        try:
            cls.node = SlurmNode().__enter__()
        except (RuntimeError, subprocess.SubprocessError) as error:
            cls.reason = str(error)
            return
        cls.addClassCleanup(cls.node.__exit__)

    def setUp(self):
        super().setUp()
        if self.reason:
            self.skipTest(f"Slurm cannot be started: {self.reason}")

    def test_srun_starts_ranks(self):
        for name, tasks, more in (("tasks", 2, []), ("node", 1, ["--devices", "cpu:2"])):
            self.node.run("srun", "-n", tasks, BINARY, "train", "tiny.yaml", f"name={name}", *more,
                          cwd=self.folder)
            self.assertEqual(self.summary(f"runs/{name}/1")["world_size"], 2)
        self.assertIn("started by Slurm", (self.folder / "runs/tasks/1/log.txt").read_text())

    def wait_for(self, text, output):
        for _ in range(1800):
            if output.exists() and text in output.read_text():
                return
            time.sleep(0.1)
        self.fail(f"no \"{text}\" in:\n{output.read_text() if output.exists() else 'nothing'}")

    def start_again_at_once(self, job):
        """Spares the two minutes that Slurm keeps a queued job waiting. They are set anew when the
        job's first life has been cleared away, so that one update may come too early."""
        for _ in range(300):
            shown = self.node.run("scontrol", "show", "job", job).stdout
            # While its first life is cleared away (COMPLETING) it is not waiting yet.
            if "Restarts=0" not in shown and re.search("JobState=(RUNNING|COMPLETED)", shown):
                return
            self.node.run("scontrol", "update", f"JobId={job}", "StartTime=now", check=False)
            time.sleep(0.5)
        self.fail(f"the job does not start again:\n{shown}")

    def test_a_job_that_is_warned_saves_and_is_queued_again(self):
        self.node.environment.update(STOKER=str(BINARY), STOKER_DEVICES="cpu:2")
        job = self.node.run("sbatch", "--parsable", "--gpus-per-node=0", "--cpus-per-task=1",
                            SCRIPT, "tiny.yaml", "train.epochs=120", "log.every_steps=1",
                            "eval.every_epochs=100", cwd=self.folder).stdout.strip()
        output = self.folder / f"stoker-{job}.out"
        self.wait_for("step 20/", output)
        self.node.run("scancel", "--batch", "--signal=USR1", job)
        self.wait_for(f"queueing {job} again", output)
        self.start_again_at_once(job)
        self.wait_for("done: finished after 720 steps", output)
        summary = json.loads((self.folder / f"runs/{job}/1/summary.json").read_text())
        self.assertEqual(summary["steps"], 720)
        self.assertEqual(sorted(path.name for path in (self.folder / f"runs/{job}").iterdir()),
                         ["1"])
        self.assertIn("going on from", output.read_text())
