"""Images per second of the input path, ours and others', on the same files in turn.

    python bench/input_compare.py FOLDER_OF_JPEGS [--bench build/bench/loader_bench] [--runs 5]

Needs torch, torchvision and nvidia-dali in the Python that runs it; a side whose package is missing
is left out and named. Prints medians: images/s of wall time, per second of processor time (what a
core does, whatever else runs), and how many times the other side's that is.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

PEER = Path(__file__).with_name("input_peer.py")


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr.strip().splitlines()[-1:]
    return json.loads(done.stdout.strip().splitlines()[-1]), None


def ours(options, what, threads, dtype):
    return [options.bench, "--run", what, options.folder, str(threads), str(options.seconds), dtype]


def peer(options, kind, threads=1):
    return [sys.executable, str(PEER), kind, options.folder, str(threads), str(options.seconds)]


def sides(options):
    """By table: rows of (name, command); the first is what the others are compared with."""
    return {
        "photographs, RandomResizedCrop 224, flip, normalise, NHWC": [
            ("stoker, fp32", ours(options, "photos", 1, "fp32")),
            ("stoker, bf16", ours(options, "photos", 1, "bf16")),
            ("DALI CPU, fused crop decode, fp32", peer(options, "dali")),
            ("torchvision decode_image, v2, fp32", peer(options, "tensor")),
            ("torchvision DataLoader, PIL, fp32", peer(options, "pil")),
            ("stoker, fp32, two threads", ours(options, "photos", 2, "fp32")),
        ],
        "32x32 from memory, pad, crop, flip, normalise, batches": [
            ("stoker, fp32", ours(options, "small", 1, "fp32")),
            ("torchvision v2 on tensors, fp32", peer(options, "small_tensor")),
            ("torchvision on PIL, fp32", peer(options, "small_pil")),
            ("stoker, fp32, two threads", ours(options, "small", 2, "fp32")),
            ("torchvision v2, two workers", peer(options, "small_tensor", 2)),
        ],
    }


def measure(rows, runs):
    results = {name: [] for name, _ in rows}
    for _ in range(runs):  # in turn, so that a slow minute hits all
        for name, command in rows:
            result, error = run(command)
            if result is None:
                print(f"  left out: {name}: {' '.join(error)}", file=sys.stderr)
            else:
                results[name].append(result)
    return {name: {key: statistics.median(r[key] for r in list_) for key in list_[0]}
            for name, list_ in results.items() if list_}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--bench", default="build/bench/loader_bench")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    for title, rows in sides(options).items():
        print(f"\n{title}; medians of {options.runs}")
        print(f"  {'':38} {'images/s':>10} {'per CPU s':>10} {'stoker is, per CPU s':>21}")
        medians = measure(rows, options.runs)
        base = medians[rows[0][0]]["images_per_cpu_s"]
        for name, row in medians.items():
            times = base / row["images_per_cpu_s"]
            print(f"  {name:38} {row['images_per_s']:10,.0f} {row['images_per_cpu_s']:10,.0f} "
                  f"{times:20.2f}x")


if __name__ == "__main__":
    main()
