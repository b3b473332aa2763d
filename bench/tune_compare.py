"""stoker tune beside the batch finders of Lightning and Ultralytics: the same network, the same size of
images, the same cap.

    python bench/tune_compare.py build/stoker --peer-python VENV/bin/python [--cap-gib 2]

Prints for each what it chose, its images/s, and the seconds to the answer. The peers' Python needs
torch, torchvision, pytorch-lightning and ultralytics.
"""

import argparse
import json
import pathlib
import subprocess
import time

from same_work import check_same_work, stoker_work

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
CONFIG = REPOSITORY / "configs/quickstart.yaml"


def overrides(size):
    # torchvision's ResNets have the large stem at every size.
    return ["model={name: resnet18, stem: imagenet}", f"data.format.size={size}",
            f"augment=[{{center_crop: {{size: {size}}}}}, "
            "{normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}]",
            "train.precision=fp32", "optimizer.groups=[]", "device=cpu",
            "data.format.train_images=4000"]


def ours(stoker, cap_gib, size):
    work = stoker_work(stoker, CONFIG, [*overrides(size), "train.batch_size=4"])
    begin = time.perf_counter()
    out = subprocess.run(
        [stoker, "tune", CONFIG, *overrides(size), "train.batch_size=4000",
         f"memory.limit_gib={cap_gib}", "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = json.loads(out)
    return {**work, "finder": "stoker tune", "batch": found["microbatch"],
            "largest": found["largest_microbatch"], "images_per_s": found["images_per_s"],
            "predicted over measured peak":
                found["predicted_peak_bytes"] / found["measured_peak_bytes"],
            "seconds": time.perf_counter() - begin}


def theirs(python, finder, cap_gib, size):
    run = subprocess.run(
        [python, REPOSITORY / "bench/tune_peer.py", "--finder", finder, "--cap-gib", str(cap_gib),
         "--size", str(size)], capture_output=True, text=True)
    lines = run.stdout.strip().splitlines()
    if run.returncode != 0 or not lines:
        return {"finder": finder, "error": f"ended with {run.returncode}: {run.stderr.strip()[-200:]}"}
    return json.loads(lines[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker")
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--cap-gib", type=float, default=2)
    parser.add_argument("--size", type=int, default=64)
    arguments = parser.parse_args()
    rows = [ours(arguments.stoker, arguments.cap_gib, arguments.size)]
    for finder in ("power", "binsearch", "ultralytics"):
        rows.append(theirs(arguments.peer_python, finder, arguments.cap_gib, arguments.size))
    check_same_work({row["finder"]: row for row in rows if "error" not in row})
    for row in rows:
        print("  ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                        for key, value in row.items()))


if __name__ == "__main__":
    main()
