"""Trains configs/cifar10.yaml and bench/cifar10_peer.py in turns and compares time and accuracy.

    bench/cifar10.sh data/cifar10-jpeg                         # 12 steps, five times in turn
    bench/cifar10.sh data/cifar10-jpeg --max-steps 0 --runs 1  # whole trainings

Both sides get the same images, network, epochs, batch, augmentation, optimizer, schedule, precision
and number of threads; the values of the optimizer and the schedule are in configs/cifar10.yaml and
are the peer's defaults. The time is that of the training steps. Exits with 1 when stoker takes longer.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from same_work import check_same_work, stoker_work

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path, help="folder with train/<class>/, test/<class>/")
    parser.add_argument("overrides", nargs="*", help="key=value for stoker alone")
    parser.add_argument("--stoker", default=str(HERE.parent / "build" / "stoker"))
    parser.add_argument("--config", default=str(HERE.parent / "configs" / "cifar10.yaml"))
    parser.add_argument("--python", default=sys.executable, help="one that has torch and Pillow")
    parser.add_argument("--epochs", type=float, default=10)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--max-steps", type=int, default=12,
                        help="compare the first steps alone; 0: the whole training")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cache", type=pathlib.Path, help="folder for the peer's decoded images")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here")
    return parser.parse_args()


def run(command, threads):
    """Runs to the end; returns the process's peak memory and its processor time, start-up included."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return {"peak_memory_mib": usage.ru_maxrss / 1024, "cpu_s": usage.ru_utime + usage.ru_stime}


def shared_overrides(arguments):
    return [f"data.root={arguments.data}", f"train.batch_size={arguments.batch}",
            f"train.precision={arguments.precision}"]


def run_stoker(arguments, folder, seed):
    command = [arguments.stoker, "train", arguments.config, "name=compare", f"run.dir={folder}",
               f"seed={seed}", *shared_overrides(arguments), f"train.epochs={arguments.epochs}"]
    if arguments.max_steps:
        command.append(f"train.max_steps={arguments.max_steps}")
    usage = run(command + arguments.overrides, arguments.threads)
    newest = max(folder.glob("compare/*/summary.json"), key=lambda path: path.stat().st_mtime)
    summary = json.loads(newest.read_text())
    return {"train_time_s": summary["train_time_s"], "images_per_s": summary["images_per_s"],
            "top1": summary["val.top1"], "steps": summary["steps"], **usage}


def run_python(arguments, folder, seed):
    result = folder / "peer.json"
    command = [arguments.python, str(HERE / "cifar10_peer.py"), "--data", str(arguments.data),
               "--cache", str(arguments.cache or folder / "cache"), "--seed", str(seed),
               "--epochs", str(arguments.epochs), "--batch", str(arguments.batch),
               "--precision", arguments.precision, "--threads", str(arguments.threads),
               "--max-steps", str(arguments.max_steps), "--json", str(result)]
    usage = run(command, arguments.threads)
    peer = json.loads(result.read_text())
    check_same_work({"stoker": arguments.work, "python": peer})
    return {**{key: peer[key] for key in ("train_time_s", "images_per_s", "top1", "steps")},
            **usage}


def main():
    arguments = parse_arguments()
    arguments.work = stoker_work(arguments.stoker, arguments.config,
                                 [*shared_overrides(arguments), *arguments.overrides])
    results = {"stoker": [], "python": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.runs):
            results["stoker"].append(run_stoker(arguments, pathlib.Path(folder), seed))
            results["python"].append(run_python(arguments, pathlib.Path(folder), seed))
    if any(a["steps"] != b["steps"] for a, b in zip(results["stoker"], results["python"])):
        raise RuntimeError(f"the two sides took different numbers of steps: {results}")

    print(f"\n{'':8}{'train s':>10}{'img/s':>10}{'top1 %':>10}{'peak MiB':>10}{'cpu s':>10}")
    median = {name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
              for name, runs in results.items()}
    for name, values in median.items():
        print(f"{name:8}{values['train_time_s']:10.1f}{values['images_per_s']:10.0f}"
              f"{100 * values['top1']:10.2f}{values['peak_memory_mib']:10.0f}{values['cpu_s']:10.1f}")
    ratio = median["stoker"]["train_time_s"] / median["python"]["train_time_s"]
    pairs = [a["train_time_s"] / b["train_time_s"]
             for a, b in zip(results["stoker"], results["python"])]
    print(f"stoker takes {ratio:.3f} of the peer's time (medians of {arguments.runs}); by pairs: "
          + ", ".join(f"{pair:.3f}" for pair in pairs))
    if arguments.json:
        arguments.json.write_text(json.dumps(
            {"threads": arguments.threads, "batch": arguments.batch, "epochs": arguments.epochs,
             "precision": arguments.precision, "runs": results, "median": median,
             "time_ratio": ratio}, indent=2) + "\n")
    return ratio > 1


if __name__ == "__main__":
    sys.exit(main())
