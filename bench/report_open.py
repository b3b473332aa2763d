#!/usr/bin/env python3
"""How fast the report of a long run opens in Chromium.

    bench/report_open.py build/stoker [--steps 100000] [--runs 7]

Writes the folder of a run with that many log lines, each with all that the monitor reads of a GPU, makes
its report, and opens it in a fresh headless Chromium each time: medians, by the browser's own timings
from the start of the navigation, of the first paint with something in it, of the end of the page's
scripts (all charts are drawn then), and of the largest paint.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/cli"))
import browser  # noqa: E402

TIMES = """new Promise((done) => {
  let largest = 0;
  new PerformanceObserver((list) => { for (const e of list.getEntries()) largest = Math.max(largest, e.startTime); })
      .observe({type: 'largest-contentful-paint', buffered: true});
  const look = () => {
    const first = performance.getEntriesByName('first-contentful-paint')[0];
    if (!first || !largest) { setTimeout(look, 20); return; }
    const page = performance.getEntriesByType('navigation')[0];
    done([first.startTime, page.domContentLoadedEventEnd, largest]);
  };
  setTimeout(look, 200);
})"""
GPU = {"gpu_util": 0.97, "gpu_sm_busy": 0.83, "gpu_occupancy": 0.41, "gpu_tensor": 0.37, "gpu_dram": 0.55,
       "gpu_memory_gib": 90, "gpu_others_gib": 1, "gpu_power_w": 412, "gpu_power_limit_w": 700, "gpu_temp_c": 64,
       "gpu_sm_mhz": 1980, "gpu_memory_mhz": 3201, "gpu_held_power": 0.02, "gpu_pcie_gib_s": 2, "cpu_used": 1.9,
       "cpu_others": 0.1, "rss_gib": 3, "disk_mib_s": 40, "joules_per_image": 0.5, "mfu": 0.4, "hfu": 0.5}


def write_run(folder, steps):
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("name: long\nseed: 0\ntrain: {epochs: 100}\n")
    with open(folder / "metrics.jsonl", "w") as file:
        for step in range(1, steps + 1):
            wave = 1 + 0.1 * math.sin(step / 7)
            line = {"time_s": 0.5 * step, "epoch": 100 * step / steps, "step": step, "split": "train",
                    "loss": 5 / step ** 0.3 * wave, "lr": 0.1 * (1 - step / steps), "images_per_s": 700 * wave,
                    "data_wait": 0.01 * wave, "memory_gib": 0.5, "peak_bytes": 1 << 28, "read_us": 10 * wave,
                    "decode_us": 500 * wave, "augment_us": 90 * wave, "copy_us": 4 * wave, "wall_s": 0.5}
            line.update({key: value * wave for key, value in GPU.items()})
            file.write(json.dumps(line) + "\n")
            if step % max(steps // 100, 1) == 0:
                file.write(json.dumps({"time_s": 0.5 * step, "epoch": 100 * step / steps, "step": step,
                                       "split": "val", "loss": 6 / step ** 0.3, "top1": 0.7, "top5": 0.9,
                                       "ece": 0.05, "eval_s": 2}) + "\n")
    classes = 100
    (folder / "evaluation.json").write_text(json.dumps({
        "classes": [f"class {i}" for i in range(classes)], "ece": 0.05, "top1": 0.7,
        "confusion": [[i, j, 1 + (i * j) % 5] for i in range(classes) for j in range(classes) if (i + j) % 3 == 0],
        "per_class": [[50, 0.7, 0.7, 0.7]] * classes, "calibration": [[30, (i + 0.5) / 15, i / 15] for i in range(15)],
        "examples": []}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    if browser.PROGRAM is None:
        sys.exit("Chromium is not installed")
    with tempfile.TemporaryDirectory(prefix="stoker-open-") as name:
        folder = pathlib.Path(name)
        write_run(folder / "runs/long/1", arguments.steps)
        page = folder / "page.html"
        begin = time.monotonic()
        subprocess.run([str(arguments.stoker.resolve()), "report", "runs/long/1", "-o", str(page)], cwd=folder,
                       check=True, stderr=subprocess.DEVNULL)
        print(f"{arguments.steps:,} log lines: a page of {page.stat().st_size / 1e6:.2f} MB, made in "
              f"{time.monotonic() - begin:.1f} s")
        times = []
        for _ in range(arguments.runs):
            with browser.Browser() as fresh:
                opened = fresh.open(page)
                times.append([t / 1e3 for t in opened.value(TIMES)])
                assert opened.value("document.documentElement.dataset.ready") == "yes"
    for what, values in zip(("first paint", "all charts drawn", "largest paint"), zip(*times)):
        print(f"{what}: median {statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f}), "
              f"{len(values)} starts of the browser")


if __name__ == "__main__":
    main()
