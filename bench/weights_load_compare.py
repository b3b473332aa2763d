"""Loading resnet50's weights from safetensors: stoker and Python's library, in turns.

    python bench/weights_load_compare.py build/bench/weights_load

Writes a file of resnet50's tensors (98 MiB, random values), then measures, one thread each:
  map      every tensor of the mapped file is there, not a byte of it read
  copy     its values are copied into tensors that exist, as into a model; file in the page cache
  cold     the same, the file dropped from the page cache before each load
  process  a program that starts, loads (map) once and ends: what a user waits for
Prints the medians and the ratio stoker / Python (below 1: stoker is faster), and exits with 1 if one
is above 1.1. Needs torch, torchvision and safetensors.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torchvision
from safetensors.torch import save_file

PEER = pathlib.Path(__file__).resolve().parent / "weights_load_peer.py"
LARGEST_RATIO = 1.1  # leaves room for noise


def seconds(command):
    """The median of a program's loads, and the time from its start to its end."""
    begin = time.perf_counter()
    out = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    return statistics.median(map(float, out.split())), time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="build/bench/weights_load, built with -DSTOKER_BENCH=ON")
    parser.add_argument("--runs", type=int, default=7, help="of each side")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/resnet50.safetensors"
        model = torchvision.models.resnet50()
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)
        sides = {"stoker": [arguments.program], "python": [sys.executable, str(PEER)]}
        cases = {"map": ["map", path, "30"], "copy": ["copy", path, "10"],
                 "cold": ["copy", path, "5", "cold"], "process": ["map", path, "1"]}
        worst = 0
        for case, words in cases.items():
            times = {name: [] for name in sides}
            for _ in range(arguments.runs):
                for name, command in sides.items():
                    load_s, process_s = seconds([*command, *words])
                    times[name].append(process_s if case == "process" else load_s)
            ours, theirs = (statistics.median(times[name]) for name in sides)
            worst = max(worst, ours / theirs)
            print(f"{case:8} stoker {ours * 1e3:9.3f} ms   python {theirs * 1e3:9.3f} ms   "
                  f"ratio {ours / theirs:.2f}", flush=True)
    return worst > LARGEST_RATIO


if __name__ == "__main__":
    sys.exit(main())
