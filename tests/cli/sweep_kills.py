"""Kills sweeps of real trainings by SIGKILL at random moments: the coordinator, a trial, or both. The
same command goes on each time, and what it comes to is compared with a sweep that nothing happened to.

    python3 tests/cli/sweep_kills.py --kills 200

No trial may be lost, fail or train in a second run; each may log every step once; the weights of each must
be those of the sweep that was let be, bit for bit.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys

from binary import BINARY, TINY, tensors_of, without_times
from kills import run_by_hand

TRIALS = 6
STEPS = 90  # 6 an epoch
SWEEP = ["sweep", "tiny.yaml", "optimizer.lr=0.01,0.02,0.05", "seed=1,2", "--jobs", "2",
         "train.epochs=15", "checkpoint.every_steps=2", "log.every_steps=1", "log.tensorboard=false",
         "algorithms=[ema]", "--json"]


def children_of(pid):
    """Processes that `pid` started and their children, by /proc."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
            found += children_of(int(stat.parent.name))
    return found


class SweepKills:
    def __init__(self, folder, seed):
        self.top = pathlib.Path(folder)
        self.chance = random.Random(seed)
        self.kills = self.of_coordinator = self.of_trials = self.sweeps = 0
        self.problems = []

    def begin(self, name):
        folder = self.top / name
        folder.mkdir()
        (folder / "tiny.yaml").write_text(TINY)
        return folder

    def start(self, folder):
        return subprocess.Popen([str(BINARY), *SWEEP], cwd=folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def outcome(self, folder, result):
        trials = json.loads(result)["trials"]
        if [trial["state"] for trial in trials] != ["done"] * TRIALS:
            self.problems.append(f"{folder.name}: {[t['state'] for t in trials]}")
            return None
        runs = []
        for trial in trials:
            run = folder / trial["run"]
            lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
            steps = [line["step"] for line in lines if line["split"] == "train"]
            if steps != list(range(1, STEPS + 1)):
                self.problems.append(f"{folder.name}: {trial['id']} logged the steps {steps}")
            # A kill before its config.yaml leaves a number unused.
            begun = [path for path in run.parent.glob("[0-9]*") if (path / "config.yaml").exists()]
            if begun != [run]:
                self.problems.append(f"{folder.name}: {trial['id']} trained in {begun}")
            runs.append((tensors_of(run / f"checkpoints/step-{STEPS:08}"), without_times(lines)))
        return runs

    def kill_one(self, process):
        trials = children_of(process.pid)
        whom = self.chance.choice(["coordinator", "trial", "both"] if trials else ["coordinator"])
        if whom != "coordinator":
            try:
                pid = self.chance.choice(trials)
                os.kill(pid, signal.SIGKILL)
                self.kills += 1
                self.of_trials += 1
            except ProcessLookupError:
                pass
        if whom != "trial":
            process.kill()
            self.kills += 1
            self.of_coordinator += 1

    def life(self, folder):
        """One coordinator; returns what it printed if it came to its end."""
        process = self.start(folder)
        while True:
            try:
                out, err = process.communicate(timeout=self.chance.uniform(0.1, 3))
                break
            except subprocess.TimeoutExpired:
                self.kill_one(process)
        if process.returncode == 0:
            return out
        # 137: the check of the configurations, a child as trials are, was killed.
        if process.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            self.problems.append(f"{folder.name}: exit code {process.returncode}: {err[-500:]}")
        return None

    def __str__(self):
        return (f"{self.kills} kills in {self.sweeps} sweeps of {TRIALS} trials "
                f"({self.of_coordinator} of coordinators, {self.of_trials} of trials)")

    def run(self, kills):
        folder = self.begin("whole")
        out, err = self.start(folder).communicate(timeout=600)
        expected = self.outcome(folder, out)
        while self.kills < kills and len(self.problems) < 10:
            self.sweeps += 1
            folder = self.begin(f"cut{self.sweeps}")
            out = None
            while out is None and len(self.problems) < 10:
                out = self.life(folder)
            if out is not None and self.outcome(folder, out) != expected:
                self.problems.append(f"{folder.name}: different from the sweep that was let be")
        return self


if __name__ == "__main__":
    sys.exit(run_by_hand(SweepKills, __doc__, 200))
