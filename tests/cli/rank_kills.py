"""Kills single ranks under torchrun at random moments, and compares what each run comes to with one
that was let be.

    .venv/bin/python tests/cli/rank_kills.py --kills 100

torchrun starts all ranks again after each kill; they go on from the newest checkpoint. A kill may
come while ranks start, meet, train, exchange gradients, evaluate or save.
"""

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from binary import BINARY, TINY, children_of, tensors_of
from ranks import free_port

OPTIONS = ["train.epochs=200", "log.every_steps=20", "log.tensorboard=false",
           "checkpoint.every_steps=3", "checkpoint.every_epochs=0", "eval.every_epochs=10",
           "model={name: mlp, hidden: [24], batch_norm: true, dropout: 0.1}", "algorithms=[ema]"]


def torchrun(folder, name, ranks):
    program = pathlib.Path(sys.executable).parent / "torchrun"
    return subprocess.Popen(
        [program, "--no-python", "--nproc-per-node", str(ranks), "--max-restarts", "10000",
         "--monitor-interval", "0.1", "--master-port", str(free_port()), BINARY, "train",
         "tiny.yaml", f"name={name}", *OPTIONS],
        cwd=folder, stdout=(folder / f"{name}.txt").open("w"), stderr=subprocess.STDOUT)


def last(folder, name):
    return max((folder / "runs" / name / "1/checkpoints").glob("step-*"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="stoker-rank-kills-") as name:
        folder = pathlib.Path(name)
        (folder / "tiny.yaml").write_text(TINY)
        if torchrun(folder, "whole", arguments.ranks).wait() != 0:
            sys.exit("the run that was let be failed")
        expected = tensors_of(last(folder, "whole"))
        kills = runs = problems = 0
        while kills < arguments.kills:
            runs += 1
            launcher = torchrun(folder, f"run{runs}", arguments.ranks)
            while launcher.poll() is None:
                time.sleep(chance.uniform(0.3, 4))
                ranks = children_of(launcher)
                if ranks and kills < arguments.kills:
                    try:
                        os.kill(chance.choice(ranks), signal.SIGKILL)
                        kills += 1
                    except ProcessLookupError:
                        continue
            folders = [path.name for path in (folder / "runs" / f"run{runs}").iterdir()
                       if path.name.isdigit()]
            # A run that is killed before its folder is noted leaves one behind.
            newest = folder / "runs" / f"run{runs}" / max(folders, key=int)
            done = max((newest / "checkpoints").glob("step-*"), default=None)
            same = launcher.returncode == 0 and done and tensors_of(done) == expected
            problems += not same
            print(f"run {runs}: {kills} kills so far, exit code {launcher.returncode}, "
                  f"{'the same bits' if same else 'DIFFERENT'}", flush=True)
            if not same:
                print((folder / f"run{runs}.txt").read_text()[-3000:])
        print(f"{kills} kills of single ranks in {runs} runs: {problems} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
