"""Kills runs by SIGKILL at random moments, lets them go on, and compares what they come to with a
run that nothing happened to.

    python3 tests/cli/kills.py --kills 500

Each run saves after every step, so that most kills fall into a save. A kill may come while the
program starts, reads its checkpoint, trains, evaluates, writes or removes checkpoints. After each,
the next life must go on from the checkpoint that `latest` named, or a later one, without finding a
damaged one; at the end tensors and metrics must be those of the run that was let be, bit for bit.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from binary import BINARY, TINY, tensors_of, without_times

OVERRIDES = ["train.epochs=20", "log.every_steps=1", "log.tensorboard=false",
             "checkpoint.every_steps=1", "checkpoint.keep_last=1", "algorithms=[ema]"]
LAST = "step-00000120"


class Kills:
    def __init__(self, folder, seed):
        self.folder = pathlib.Path(folder)
        self.chance = random.Random(seed)
        self.kills = self.runs = self.in_a_save = self.while_training = 0
        self.problems = []
        (self.folder / "tiny.yaml").write_text(TINY)

    def start(self, name, *more):
        return subprocess.Popen(
            [str(BINARY), "train", "tiny.yaml", f"name={name}", *OVERRIDES, *more],
            cwd=self.folder, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def whole(self):
        process = self.start("whole")
        _, err = process.communicate(timeout=600)
        if process.returncode:
            raise RuntimeError(f"the run that nothing happens to failed:\n{err}")
        return self.outcome("whole")

    def run_folder(self, name):
        """The run that began, if any: a kill before its config.yaml leaves a number unused."""
        numbered = sorted((self.folder / "runs" / name).glob("*"), key=lambda path: int(path.name))
        begun = [path for path in numbered if (path / "config.yaml").exists()]
        return begun[-1] if begun else self.folder / "runs" / name / "1"

    def outcome(self, name):
        run = self.run_folder(name)
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        return tensors_of(run / "checkpoints" / LAST), without_times(lines)

    def latest(self, name):
        pointer = self.run_folder(name) / "checkpoints/latest"
        return int(pointer.read_text().strip().split("-")[1]) if pointer.exists() else 0

    def life(self, name):
        """One process; returns whether it came to its end."""
        began = (self.run_folder(name) / "config.yaml").exists()
        expected = self.latest(name)
        process = self.start(name, *(["--resume"] if began else []))
        said, trains = [], self.chance.random() < 0.8
        if trains:
            for line in process.stderr:  # until it trains
                said.append(line)
                if "step " in line and "loss" in line:
                    break
        try:
            _, rest = process.communicate(timeout=self.chance.uniform(0, 0.8))
        except subprocess.TimeoutExpired:
            process.kill()
            _, rest = process.communicate()
        text = "".join(said) + (rest or "")
        if process.returncode == -9:
            self.kills += 1
            self.while_training += trains
            checkpoints = self.run_folder(name) / "checkpoints"
            self.in_a_save += any(checkpoints.glob(".*"))
        elif process.returncode:
            self.problems.append(f"{name}: exit code {process.returncode}: {text}")
        if "passing over" in text:
            self.problems.append(f"{name}: a damaged checkpoint: {text}")
        if began and "going on from" in text:
            step = int(text.split("at step ", 1)[1].split()[0])
            if step < expected:
                self.problems.append(f"{name}: went on at step {step}, had saved {expected}")
        return process.returncode == 0

    def __str__(self):
        return (f"{self.kills} kills in {self.runs} runs ({self.while_training} while training, "
                f"{self.in_a_save} within a save)")

    def run(self, kills):
        expected = self.whole()
        while self.kills < kills and len(self.problems) < 10:
            self.runs += 1
            name = f"cut{self.runs}"
            while not self.life(name) and len(self.problems) < 10:
                pass
            if not self.problems and self.outcome(name) != expected:
                self.problems.append(f"{name}: different from the run that was let be")
        return self


def run_by_hand(kind, description, kills):
    """Kills as often as the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--kills", type=int, default=kills)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="stoker-kills-") as folder:
        done = kind(folder, arguments.seed).run(arguments.kills)
    for problem in done.problems:
        print(problem)
    print(f"{done}, {time.monotonic() - started:.0f} s: {len(done.problems)} problems")
    return 1 if done.problems else 0


if __name__ == "__main__":
    sys.exit(run_by_hand(Kills, __doc__, 500))
