"""Images/s of one training step by one process, by two ranks, and by PyTorch's own two ranks.

    python3 bench/ranks_compare.py build/stoker --runs 5

One process has all threads, each rank its share. All sides train the same network on batches of the
same size, shape and precision; parameters and FLOPs an image are held against each other. The ranks'
exchange goes by Gloo over the loopback device on all sides.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from same_work import check_same_work
from step_compare import run_json

HERE = pathlib.Path(__file__).resolve().parent
CLASSES = 10


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker")
    parser.add_argument("--python", default=sys.executable, help="one that has torch, torchvision")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128, help="of a step, over all ranks")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="fp32")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12, help="that are timed in each run")
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


def write_config(arguments, folder):
    (folder / "ranks.yaml").write_text(f"""\
data: {{format: {{name: shapes, size: {arguments.size}, train_images: {4 * arguments.batch},
                val_images: {CLASSES}}}}}
augment: [{{normalize: {{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}}}]
model: {{name: resnet18, stem: imagenet}}
optimizer: {{name: sgd, lr: 1.0e-3, momentum: 0.9, nesterov: true, weight_decay: 1.0e-4}}
train: {{batch_size: {arguments.batch}, precision: {arguments.precision}, label_smoothing: 0.1,
        epochs: 1000}}
eval: {{every_epochs: 0}}
checkpoint: {{every_epochs: 0, keep_best: 0}}
log: {{every_steps: 1, tensorboard: false, progress: false}}
device: cpu
""")


def stoker_rate(arguments, folder, more, name):
    """Of the steps after the first four."""
    skipped = 4
    subprocess.run([arguments.stoker, "train", "ranks.yaml", f"name={name}",
                    f"train.max_steps={arguments.steps + skipped}", *more],
                   cwd=folder, check=True, capture_output=True)
    run = max((folder / "runs" / name).iterdir(), key=lambda path: int(path.name))
    times = [json.loads(line)["time_s"] for line in (run / "metrics.jsonl").read_text().splitlines()
             if json.loads(line)["split"] == "train"]
    steps = sorted(b - a for a, b in zip(times[skipped - 1:], times[skipped:]))
    return arguments.batch / statistics.median(steps)


def main():
    arguments = parse_arguments()
    arguments.stoker = str(pathlib.Path(arguments.stoker).resolve())
    threads = len(os.sched_getaffinity(0))
    torchrun = [arguments.python, "-m", "torch.distributed.run", "--nproc-per-node",
                str(arguments.ranks), "--master-port", "29517"]
    peer = [*torchrun, str(HERE / "ranks_peer.py"), "--size", str(arguments.size), "--batch",
            str(arguments.batch), "--classes", str(CLASSES), "--precision", arguments.precision,
            "--steps", str(arguments.steps), "--threads", str(max(1, threads // arguments.ranks))]
    rates = {"stoker, 1 process": [], f"stoker, {arguments.ranks} ranks": [],
             f"PyTorch DDP, {arguments.ranks} ranks": []}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_config(arguments, folder)
        shape = run_json([arguments.stoker, "bench", "step", str(folder / "ranks.yaml"), "--json",
                          "--seconds", "1"], threads)
        for _ in range(arguments.runs):
            one, two, ddp = rates.values()
            one.append(stoker_rate(arguments, folder, [], "one"))
            two.append(stoker_rate(arguments, folder, ["--devices", f"cpu:{arguments.ranks}"],
                                   "two"))
            result = run_json(peer, max(1, threads // arguments.ranks))
            check_same_work({"stoker": shape, "PyTorch": result})
            ddp.append(result["images_per_s"])
    median = {name: statistics.median(values) for name, values in rates.items()}
    first, ours, theirs = median.values()
    print(f"resnet18, {arguments.size} px, batch {arguments.batch}, {arguments.precision}, {threads} "
          f"threads in all, medians of {arguments.runs} in turn")
    for name, rate in median.items():
        spread = f"{min(rates[name]):.1f} to {max(rates[name]):.1f}"
        print(f"{name:24}{rate:9.1f} img/s  ({spread})")
    print(f"{arguments.ranks} ranks reach {ours / first:.3f} of one process with as many threads, "
          f"and {ours / theirs:.3f} of PyTorch's")


if __name__ == "__main__":
    main()
