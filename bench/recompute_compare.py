"""What computing intermediate results again saves and costs: `stoker bench step` with each
memory.checkpoint, and PyTorch with and without torch.utils.checkpoint, in turns.

    python bench/recompute_compare.py resnet18 --size 64 --batch 64 --runs 5

Prints for each side the peak of what tensors held and the time of a step, as ratios to that side's
own run without it: the two sides count weights and caches differently, so their bytes are not compared.
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

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].replace("\n", " "))
    parser.add_argument("model", choices=("resnet18", "resnet34", "resnet50"))
    parser.add_argument("--stoker", default=str(HERE.parent / "build" / "stoker"))
    parser.add_argument("--python", default=sys.executable, help="one that has torch, torchvision")
    parser.add_argument("--size", type=int, default=64, help="side of the images")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=5, help="of timed steps in each run")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true", help="stoker alone")
    return parser.parse_args()


def write_config(arguments, folder):
    config = folder / "step.yaml"
    config.write_text(f"""\
data: {{format: {{name: shapes, size: {arguments.size}, train_images: {arguments.batch}, val_images: 10}}}}
augment: [{{normalize: {{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}}}]
model: {{name: {arguments.model}, stem: imagenet}}
optimizer: {{name: sgd, lr: 1.0e-3, momentum: 0.9}}
train: {{batch_size: {arguments.batch}, precision: {arguments.precision}}}
device: cpu
""")
    return config


def sides_of(arguments, config):
    ours = [arguments.stoker, "bench", "step", str(config), "--json", "--seconds",
            str(arguments.seconds)]
    peer = [arguments.python, str(HERE / "recompute_peer.py"), "--model", arguments.model, "--size",
            str(arguments.size), "--batch", str(arguments.batch), "--precision", arguments.precision,
            "--seconds", str(arguments.seconds), "--checkpoint"]
    sides = {("stoker", rung): ours + [f"memory.checkpoint={rung}"]
             for rung in ("none", "norms", "blocks")}
    if not arguments.no_peer:
        sides |= {("PyTorch", rung): peer + [rung] for rung in ("none", "blocks")}
    return sides


def measure(command, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True)
    result = json.loads(done.stdout)
    return {**result, "peak_bytes": result.get("peak_tensor_bytes") or result["peak_bytes"],
            "s_per_image": 1 / result["images_per_s"],
            "off_by": result.get("running_mean_off_by", 0.0)}


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        sides = sides_of(arguments, write_config(arguments, pathlib.Path(folder)))
        runs = {side: [] for side in sides}
        for _ in range(arguments.runs):
            for side, command in sides.items():
                runs[side].append(measure(command, arguments.threads))
            check_same_work({" ".join(side): results[-1] for side, results in runs.items()})
    print(f"{arguments.model} {arguments.size} px, batch {arguments.batch}, {arguments.precision}, "
          f"medians of {arguments.runs} in turn")
    for (name, rung), results in runs.items():
        plain = runs[name, "none"]
        peak = statistics.median(r["peak_bytes"] for r in results)
        ratio = statistics.median(r["s_per_image"] / p["s_per_image"]
                                  for r, p in zip(results, plain))
        print(f"{name:8} {rung:7} peak {peak / 2**20:8.1f} MiB, "
              f"{peak / statistics.median(p['peak_bytes'] for p in plain):.3f} of none; a step takes "
              f"{ratio:.3f} times as long; running mean off by {max(r['off_by'] for r in results):.3g}")


if __name__ == "__main__":
    main()
