#!/usr/bin/env python3
"""What reading the machine four times a second costs a training.

    bench/monitor_cost.py build/stoker [--runs 5] [--steps 300]

Trains the same steps with the monitor on (monitor.every_s 0.25) and off, in turn, and compares the
time of the steps; then with readings every millisecond, whose processor time beyond that of a run
without says what one reading takes, more exactly than the first can. STOKER_NVML_LIBRARY and
STOKER_NVML_GPU let a card be read beside a training on the CPU (tests/monitor/fake_nvml.h).
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

CONFIG = """\
data: {format: {name: shapes, train_images: 4096, val_images: 16, size: 32}, cache: memory}
model: {name: mlp, hidden: [1024, 512]}
optimizer: {name: sgd, lr: 0.01}
train: {epochs: 100000, batch_size: 64, precision: fp32}
eval: {every_epochs: 1000000}
checkpoint: {every_epochs: 1000000}
log: {tensorboard: false, every_steps: 50, evaluation: false}
"""


def train(stoker, folder, every_s, steps):
    """Seconds of the steps, and of processors in the whole process."""
    pid = os.posix_spawn(stoker, [stoker, "train", "cost.yaml", f"monitor.every_s={every_s}",
                                  f"train.max_steps={steps}", f"name=at-{every_s}"], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"training with monitor.every_s={every_s} failed")
    run = sorted((folder / f"runs/at-{every_s}").iterdir(), key=lambda path: int(path.name))[-1]
    summary = json.loads((run / "summary.json").read_text())
    return summary["train_time_s"], usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    stoker = str(arguments.stoker.resolve())
    with tempfile.TemporaryDirectory(prefix="stoker-monitor-") as name:
        folder = pathlib.Path(name)
        os.chdir(folder)
        (folder / "cost.yaml").write_text(CONFIG)
        train(stoker, folder, 0, arguments.steps)  # files and pages are warm from here on
        ratios, readings = [], []
        for _ in range(arguments.runs):
            off, off_cpu = train(stoker, folder, 0, arguments.steps)
            on, _ = train(stoker, folder, 0.25, arguments.steps)
            often, often_cpu = train(stoker, folder, 0.001, arguments.steps)
            ratios.append(on / off)
            readings.append((often_cpu - off_cpu) / (often / 0.001))
        print(f"steps with the monitor over those without: median {statistics.median(ratios):.4f} "
              f"({min(ratios):.4f} to {max(ratios):.4f}), {arguments.runs} pairs in turn")
        reading_s = statistics.median(readings)
        print(f"a reading takes about {1e6 * reading_s:.0f} us of a processor: "
              f"{100 * 4 * reading_s:.3f} % of one at four a second")


if __name__ == "__main__":
    main()
