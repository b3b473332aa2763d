#!/usr/bin/env python3
"""The micro-batch that `stoker tune` names, beside an exhaustive measurement of all that it looked at, and
of the powers of two beyond, up to the batch.

    bench/tune_knee.py build/stoker [--model resnet18] [--size 64] [--batch 256] [--rounds 7]

`stoker tune` runs once. Then `stoker bench step` times whole steps of the same batch in micro-batches
of each size, all sizes in turn, forwards and backwards; medians. Sizes of less than half of the best
rate are timed once. Prints the rates, and that of the named one over the best; exits with 1 below 0.97.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]


def overrides_of(arguments):
    size, batch = arguments.size, arguments.batch
    return [f"model={arguments.model}", f"train.batch_size={batch}", "train.precision=fp32", "optimizer.groups=[]",
            f"data.format={{name: shapes, size: {size}, train_images: {batch}, val_images: 16}}",
            f"augment=[{{center_crop: {{size: {size}}}}}, {{normalize: {{mean: [0.5, 0.5, 0.5], "
            "std: [0.25, 0.25, 0.25]}}]"]


def run_json(*command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True,
                                     check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker", type=pathlib.Path)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    stoker, config = str(arguments.stoker.resolve()), str(REPOSITORY / "configs/quickstart.yaml")
    overrides = overrides_of(arguments)
    began = time.monotonic()
    found = run_json(stoker, "tune", config, "--json", *overrides)
    took = time.monotonic() - began
    sizes = sorted({row["microbatch"] for row in found["curve"]} |
                   {1 << i for i in range(arguments.batch.bit_length())})
    rates = {size: [] for size in sizes}
    for round_number in range(arguments.rounds):
        if round_number == 1:
            sizes = [size for size in sizes if rates[size][0] > max(map(max, rates.values())) / 2]
        for size in sizes if round_number % 2 == 0 else reversed(sizes):
            step = run_json(stoker, "bench", "step", config, "--json", "--seconds", "1",
                            f"train.microbatch={size}", *overrides)
            rates[size].append(step["images_per_s"])
    medians = {size: statistics.median(values) for size, values in rates.items()}
    best = max(medians, key=medians.get)
    print(f"tune named {found['microbatch']} after {took:.0f} s; predicted peak over measured "
          f"{found['predicted_peak_bytes'] / found['measured_peak_bytes']:.3f}")
    for size, rate in medians.items():
        marks = (" named" if size == found["microbatch"] else "") + (" best" if size == best else "")
        print(f"{size:>6}  {rate:8.1f} images/s  {min(rates[size]):.1f} to {max(rates[size]):.1f}{marks}")
    share = medians[found["microbatch"]] / medians[best]
    print(f"the named one has {100 * share:.1f} % of the best rate")
    sys.exit(share < 0.97)


if __name__ == "__main__":
    main()
