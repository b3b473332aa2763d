#!/usr/bin/env python3
"""What a sweep of short trials costs besides its training.

    bench/sweep_overhead.py build/stoker [--trials 20] [--epochs 20] [--runs 3] [--jobs 1]

Of the sweep's time, as the clock has it: training steps and evaluations (train_time_s and the
evaluations of each trial's log), the trials' own start (from the start of a process to its first
step, measured on trainings of the same config without a sweep), and the rest, which is the
coordinator's. Medians over runs.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

CONFIG = """\
data: {format: {name: shapes, train_images: 2000, val_images: 500, size: 16}}
model: {name: mlp, hidden: [64]}
optimizer: {name: sgd, lr: 0.01}
train: {epochs: EPOCHS, batch_size: 64, precision: fp32}
log: {tensorboard: false}
"""


def work_s(run):
    """Seconds of training steps and of evaluations."""
    train = json.loads((run / "summary.json").read_text())["train_time_s"]
    text = (run / "log.txt").read_text()
    return train + sum(float(s) for s in re.findall(r"images in ([\d.]+) s", text))


def timed(command, folder):
    began = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def measure(stoker, trials, jobs, epochs):
    with tempfile.TemporaryDirectory(prefix="stoker-sweep-") as name:
        folder = pathlib.Path(name)
        (folder / "tiny.yaml").write_text(CONFIG.replace("EPOCHS", str(epochs)))
        alone = []
        for i in range(3):
            whole = timed([stoker, "train", "tiny.yaml", f"name=alone{i}"], folder)
            alone.append(whole - work_s(folder / f"runs/alone{i}/1"))
        start = statistics.median(alone)
        whole = timed([stoker, "sweep", "tiny.yaml", f"seed=1..{trials}", "--jobs", str(jobs)],
                      folder)
        runs = sorted((folder / "runs/tiny/sweep-1").glob("trial-*/1"))
        assert len(runs) == trials
        return whole, sum(map(work_s, runs)) / jobs, trials * start / jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker", type=pathlib.Path)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=20, help="20 are about a second of training")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    rows = [measure(arguments.stoker.resolve(), arguments.trials, arguments.jobs,
                    arguments.epochs)
            for _ in range(arguments.runs)]
    whole, work, start = (statistics.median(column) for column in zip(*rows))
    rest = whole - work - start
    print(f"{arguments.trials} trials, {arguments.jobs} at a time: {whole:.1f} s")
    print(f"  steps and evaluations    {work:6.1f} s")
    print(f"  the trials' own start    {start:6.1f} s")
    print(f"  the rest                 {rest:6.1f} s, {100 * rest / whole:.1f} % of all")


if __name__ == "__main__":
    main()
