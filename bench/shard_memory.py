"""What dist.shard saves: one process, and ranks on this host with each of its stages, side by side.

    python bench/shard_memory.py --ranks 4

Trains a deep perceptron whose blocks are small beside the whole, for a few steps. "state" is what a
rank has between its passes (model_bytes of summary.json: parameters, gradients, optimizer state);
"peak" is the most that tensors held of a rank's memory while it trained (peak_bytes), which has open
blocks, gradients on their way and activations in it too. Shares are of one process.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STAGES = ("none", "optimizer", "gradients", "parameters")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].replace("\n", " "))
    parser.add_argument("--stoker", default=str(HERE.parent / "build" / "stoker"))
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--layers", type=int, default=64)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--set", nargs="*", default=[], help="more settings, such as dist.reshard=false")
    return parser.parse_args()


def write_config(arguments, folder):
    batch = 4 * arguments.ranks
    hidden = ", ".join([str(arguments.width)] * arguments.layers)
    (folder / "deep.yaml").write_text(f"""\
data: {{format: {{name: shapes, size: 8, train_images: {batch * arguments.steps}, val_images: 8}}, cache: none}}
augment: [normalize: {{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}]
model: {{name: mlp, hidden: [{hidden}]}}
optimizer: {{name: adamw, lr: 0.0001}}
train: {{epochs: 1, batch_size: {batch}, microbatch: 4, precision: fp32}}
memory: {{checkpoint: none}}
eval: {{batch_size: 4}}
""")


def train(arguments, folder, name, *settings):
    done = subprocess.run([arguments.stoker, "train", "deep.yaml", f"name={name}", *settings,
                           *arguments.set], cwd=folder, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads((folder / "runs" / name / "1" / "summary.json").read_text())


def main():
    arguments = parse_arguments()
    rows = []
    with tempfile.TemporaryDirectory(prefix="stoker-bench-") as name:
        folder = pathlib.Path(name)
        write_config(arguments, folder)
        rows.append(("one process", train(arguments, folder, "one")))
        for stage in STAGES:
            label = f"{arguments.ranks} ranks, {stage}"
            rows.append((label, train(arguments, folder, stage, f"dist.shard={stage}", "--devices",
                                      f"cpu:{arguments.ranks}")))
    state = [sum(summary["model_bytes"].values()) for _, summary in rows]
    print(f"{'dist.shard':24}{'parameters':>12}{'gradients':>12}{'optimizer':>12}{'state':>8}"
          f"{'peak MiB':>11}{'share':>8}")
    for (label, summary), bytes_now in zip(rows, state):
        parts = "".join(f"{value / 2**20:12.2f}" for value in summary["model_bytes"].values())
        print(f"{label:24}{parts}{100 * bytes_now / state[0]:7.1f}%"
              f"{summary['peak_bytes'] / 2**20:11.2f}"
              f"{100 * summary['peak_bytes'] / rows[0][1]['peak_bytes']:7.1f}%")


if __name__ == "__main__":
    main()
