"""Runs `stoker bench step` and bench/step_peer.py, eager and compiled, in turns.

    bench/step.sh resnet50 --device cuda --batch 256 --runs 5
    bench/step.sh convnext_atto --size 128 --batch 32 --no-compile      timm's names too

Same network, classes, size of images, batch, precision and kind of optimizer on all sides, and a batch
that stays on the device, so that nothing but the step is compared.
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
CLASSES = 10  # of the procedural set, which stands in for data that nobody has to download

SIZES = {"airbench": 32, "resnet18": 128}  # side of the images by network, where not 224


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="airbench, or a name that torchvision or timm has")
    parser.add_argument("--stoker", default=str(HERE.parent / "build" / "stoker"))
    parser.add_argument("--python", default=sys.executable, help="one that has torch, torchvision, timm")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--size", type=int, help="side of the images")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--precision", choices=("bf16", "fp16", "tf32", "fp32"), default="bf16")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=5, help="of timed steps in each run")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here")
    return parser.parse_args()


def write_config(arguments, folder):
    size, batch = arguments.size, arguments.batch
    config = folder / "step.yaml"
    # torchvision's ResNets have the large stem at every size.
    stem = ", stem: imagenet" if arguments.model in ("resnet18", "resnet50") else ""
    config.write_text(f"""\
data: {{format: {{name: shapes, size: {size}, train_images: {batch}, val_images: {CLASSES}}}}}
augment: [{{normalize: {{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}}}]
model: {{name: {arguments.model}{stem}}}
optimizer: {{name: sgd, lr: 1.0e-3, momentum: 0.9, nesterov: true, weight_decay: 1.0e-4}}
train: {{batch_size: {batch}, precision: {arguments.precision}, label_smoothing: 0.1}}
device: {arguments.device}
""")
    return config


def run_json(command, threads):
    """What the command prints, and the most memory that it had resident, in GiB."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}: {' '.join(command)}")
    return {**json.loads(output), "resident_gib": usage.ru_maxrss / 2**20}


def main():
    arguments = parse_arguments()
    arguments.size = arguments.size or SIZES.get(arguments.model, 224)
    peer = [arguments.python, str(HERE / "step_peer.py"), "--model", arguments.model,
            "--size", str(arguments.size), "--classes", str(CLASSES),
            "--batch", str(arguments.batch), "--precision", arguments.precision,
            "--device", arguments.device, "--threads", str(arguments.threads),
            "--seconds", str(arguments.seconds)]
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(arguments, pathlib.Path(folder))
        sides = {"stoker": [arguments.stoker, "bench", "step", str(config), "--json",
                            "--seconds", str(arguments.seconds)],
                 "PyTorch eager": peer}
        if not arguments.no_compile:
            sides["PyTorch compiled"] = peer + ["--compile"]
        rates = {name: [] for name in sides}
        resident = {name: [] for name in sides}
        for _ in range(arguments.runs):
            results = {name: run_json(command, arguments.threads)
                       for name, command in sides.items()}
            check_same_work(results)
            for name, result in results.items():
                rates[name].append(result["images_per_s"])
                resident[name].append(result["resident_gib"])

    median = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{arguments.model} {arguments.size} px, batch {arguments.batch}, {arguments.precision}, "
          f"{arguments.device}, medians of {arguments.runs} in turn")
    for name, rate in median.items():
        print(f"{name:18}{rate:12,.1f} img/s   stoker is {median['stoker'] / rate:.3f} times as fast   "
              f"{statistics.median(resident[name]):.2f} GiB resident")
    if arguments.json:
        arguments.json.write_text(json.dumps({**vars(arguments), "rates": rates, "median": median,
                                              "resident_gib": resident}, indent=2, default=str) + "\n")


if __name__ == "__main__":
    main()
