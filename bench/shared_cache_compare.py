"""Decoding for several processes: each for itself beside data.cache: shared, runs in turn.

    python bench/shared_cache_compare.py build/bench/shared_cache_bench FOLDER \
        [--processes 4] [--epochs 2] [--repeats 5] [--cache-dir DIR]

FOLDER holds one folder a class. Prints both sides' medians and their ratio; fails where the pixels
differ or an image was decoded twice for the shared side.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile


def measure(program, folder, mode, cache, options):
    # Each round begins without a file: the first epoch fills it.
    shutil.rmtree(cache, ignore_errors=True)
    command = [program, folder, mode, str(cache), str(options.processes), str(options.epochs)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cache-dir", help="a folder to make the cache in; default: a temporary one")
    options = parser.parse_args()
    results = {"memory": [], "shared": []}
    with tempfile.TemporaryDirectory(dir=options.cache_dir) as temporary:
        for _ in range(options.repeats):
            for mode, of_mode in results.items():
                cache = pathlib.Path(temporary) / "decoded"
                of_mode.append(measure(options.program, options.folder, mode, cache, options))
    sums = {result["pixel_sum"] for of_mode in results.values() for result in of_mode}
    medians = {}
    for mode, of_mode in results.items():
        medians[mode] = {
            key: statistics.median(result[key] for result in of_mode)
            for key in ("images", "decoded", "seconds", "cpu_s")
        }
        print(f"{mode:7}", "  ".join(f"{key} {value:,.6g}" for key, value in medians[mode].items()))
    for key in ("decoded", "seconds", "cpu_s"):
        print(f"{key}: {medians['memory'][key] / medians['shared'][key]:.2f} times as much unshared")
    images = medians["shared"]["images"] / options.processes / options.epochs
    if len(sums) != 1 or medians["shared"]["decoded"] != images:
        sys.exit(f"pixels differ ({len(sums)} sums), or images were decoded more than once")


if __name__ == "__main__":
    main()
