"""Runs the stoker binary that STOKER_BINARY names, in a folder of its own for each test."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("STOKER_BINARY", REPOSITORY / "build" / "stoker"))

# A run of a second: 96 procedural images of 16x16 and a small network.
TINY = """\
data: {format: {name: shapes, train_images: 96, val_images: 40, size: 16}}
augment:
  - pad_crop: {size: 16, pad: 2}
  - flip: {horizontal: random}
  - normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}
model: {name: mlp, hidden: [24], dropout: 0.1}
optimizer: {name: sgd, lr: 0.01, momentum: 0.9}
schedule: {name: cosine, warmup_epochs: 0.5}
train: {epochs: 3, batch_size: 16, precision: fp32}
log: {every_steps: 4}
"""


class BinaryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="stoker-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "tiny.yaml").write_text(TINY)

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [str(BINARY), *map(str, arguments)], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **{"cwd": self.folder, **options})

    def stoker(self, *arguments, expect=0, **options):
        """Runs to the end and checks the exit code; returns (stdout, stderr)."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, expect, f"stdout:\n{out}\nstderr:\n{err}")
        return out, err

    def metrics(self, run):
        lines = (self.folder / run / "metrics.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def summary(self, run):
        return json.loads((self.folder / run / "summary.json").read_text())


def without_times(records):
    """What of metrics.jsonl does not depend on the clock or the machine's memory."""
    clock = {"time_s", "images_per_s", "data_wait", "memory_gib", "peak_bytes", "read_us", "decode_us",
             "augment_us", "copy_us", "wall_s", "save_s", "eval_s", "exchange_wait_s",
             "loader_threads", "rss_gib", "disk_mib_s", "energy_kwh", "tflops", "mfu", "hfu",
             "slowest_rank", "slowest_rank_works", "mean_rank_works"}
    of_machine = ("gpu_", "cpu_", "joules")
    return [{k: v for k, v in record.items() if k not in clock and not k.startswith(of_machine)}
            for record in records]


def tensors_of(checkpoint):
    """Both safetensors files of a checkpoint as bytes: equal bytes are equal tensors."""
    return {name: (checkpoint / name).read_bytes()
            for name in ("model.safetensors", "optimizer.safetensors")}


def children_of(process):
    """Numbers of the processes that a process has started and that are there, in their order."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and (folder / "stat").read_text().rsplit(
                    ")", 1)[1].split()[1] == str(process.pid):
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)
