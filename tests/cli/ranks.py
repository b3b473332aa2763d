"""What the tests of several ranks share."""

import array
import json
import os
import signal
import socket
import struct

from binary import BinaryTest

# Four micro-batches a step, as one process takes them, or 2 ranks two each, or 4 ranks one each.
FOUR = ["train.microbatch=4", "model={name: mlp, hidden: [24]}"]
NORMS = ["model={name: mlp, hidden: [24], batch_norm: true, dropout: 0}"]


def floats_of(checkpoint):
    """The float32 tensors of a checkpoint's weights, by name."""
    data = (checkpoint / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = array.array("f", data[8 + size + begin:8 + size + end])
    return tensors


def far_apart(one, other):
    """The largest difference of any value, over the largest value of its tensor."""
    assert one.keys() == other.keys()
    worst = 0
    for name, values in one.items():
        scale = max(map(abs, values)) or 1
        worst = max(worst, max(abs(a - b) for a, b in zip(values, other[name])) / scale)
    return worst


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RanksTest(BinaryTest):
    def last(self, run):
        return max((self.folder / run / "checkpoints").glob("step-*"))

    def start_rank(self, rank, world, port, *arguments, cwd=None, **environment):
        """A rank as a launcher of another kind would start it."""
        variables = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": rank,
                     "LOCAL_WORLD_SIZE": world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        variables.update(environment)
        return self.start("train", "tiny.yaml", *arguments, cwd=cwd or self.folder,
                          env={**os.environ, **{k: str(v) for k, v in variables.items()}})

    def finish(self, process, timeout=120):
        out, err = process.communicate(timeout=timeout)
        return process.returncode, out + err

    def interrupt_at(self, step, *arguments):
        """Two ranks that a signal stops behind a step."""
        process = self.start("train", "tiny.yaml", *arguments, "--devices", "cpu:2")
        for line in process.stderr:
            if f"step {step}/" in line:
                break
        process.send_signal(signal.SIGTERM)
        code, text = self.finish(process)
        self.assertEqual(code, 75, text)
