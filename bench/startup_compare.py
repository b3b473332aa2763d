"""From launch to the first training step, and the memory until then: stoker and a Python script.

    bench/startup.sh data/cifar10-jpeg

Runs `stoker train CONFIG train.max_steps=1` and bench/startup_peer.py in turns, on the same images,
model, batch and precision. A program is at its first step when it prints `step 1/`; it is ended
there, and its peak memory is the kernel's count until then (ru_maxrss). Prints medians and ratios;
exits with 1 when stoker takes more than half of the peer's time or more memory.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from same_work import check_same_work, stoker_work

HERE = pathlib.Path(__file__).resolve().parent
MOST_TIME, MOST_MEMORY = 0.5, 1.0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="folder with train/<class>/ and --val/<class>/")
    parser.add_argument("overrides", nargs="*", help="key=value for stoker alone")
    parser.add_argument("--val", default="test", help="sub-folder to evaluate on")
    parser.add_argument("--stoker", default=str(HERE.parent / "build" / "stoker"))
    parser.add_argument("--config", default=str(HERE.parent / "configs" / "image_folder.yaml"))
    parser.add_argument("--python", default=sys.executable, help="one that has torch, torchvision")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path, help="write the results here")
    return parser.parse_args()


def measure(command):
    """Seconds to the first step and MiB until then. The program is ended there."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = []
    for line in process.stdout:
        output.append(line)
        if "step 1/" in line:
            seconds = time.perf_counter() - started
            process.kill()
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
            process.stdout.close()
            return {"first_step_s": seconds, "peak_memory_mib": usage.ru_maxrss / 1024}
    process.wait()
    raise RuntimeError(f"{command} printed no first step:\n{''.join(output)}")


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as runs:
        overrides = [f"data.root={arguments.data}", f"data.val={arguments.val}",
                     f"train.batch_size={arguments.batch}",
                     f"train.precision={arguments.precision}", *arguments.overrides]
        commands = {
            "stoker": [arguments.stoker, "train", arguments.config, "train.max_steps=1",
                       "log.every_steps=1", f"run.dir={runs}", *overrides],
            "python": [arguments.python, str(HERE / "startup_peer.py"), "--data", arguments.data,
                       "--batch", str(arguments.batch), "--precision", arguments.precision],
        }
        check_same_work({
            "stoker": stoker_work(arguments.stoker, arguments.config, overrides),
            "python": json.loads(subprocess.check_output([*commands["python"], "--work"]))})
        results = {name: [] for name in commands}
        for run in range(arguments.runs):
            for name, command in commands.items():
                result = measure(command)
                results[name].append(result)
                print(f"run {run + 1}  {name:6}  {result['first_step_s']:6.2f} s  "
                      f"{result['peak_memory_mib']:7.0f} MiB", flush=True)
    median = {name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
              for name, runs in results.items()}
    ratio = {key: median["stoker"][key] / median["python"][key] for key in median["stoker"]}
    print(f"median of {arguments.runs}: stoker {median['stoker']['first_step_s']:.2f} s, "
          f"{median['stoker']['peak_memory_mib']:.0f} MiB; "
          f"python {median['python']['first_step_s']:.2f} s, "
          f"{median['python']['peak_memory_mib']:.0f} MiB; "
          f"ratio {ratio['first_step_s']:.2f} of the time, "
          f"{ratio['peak_memory_mib']:.2f} of the memory")
    if arguments.json:
        arguments.json.write_text(json.dumps(
            {"runs": results, "median": median, "ratio": ratio}, indent=2) + "\n")
    return ratio["first_step_s"] > MOST_TIME or ratio["peak_memory_mib"] > MOST_MEMORY


if __name__ == "__main__":
    sys.exit(main())
