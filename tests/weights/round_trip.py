"""Python reads what stoker writes, and stoker reads what Python writes.

    python tests/weights/round_trip.py build/tests/weights_tool
"""

import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "golden"))
from weights_safetensors import tensors  # noqa: E402

tool = sys.argv[1]


def run(*words):
    subprocess.run([tool, *map(str, words)], check=True)


def same(a, b):
    def raw(t):
        return t.contiguous().reshape(-1).view(torch.uint8)

    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(raw(a), raw(b))


def check(path, wanted):
    found = load_file(path)
    assert sorted(found) == sorted(wanted), (sorted(found), sorted(wanted))
    for name, tensor in wanted.items():
        assert same(found[name], tensor), name


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    python, ours, copy = (folder / f"{name}.safetensors" for name in ("python", "ours", "copy"))
    save_file(tensors(), python, {"format": "pt"})
    run("check", python)

    run("write", ours)
    check(ours, tensors())
    with safe_open(ours, "pt") as file:
        assert file.metadata() == {"format": "pt"}
    assert ours.read_bytes() == python.read_bytes(), "the bytes differ"

    # Random shapes and bytes, NaNs and infinities included; names that sort in odd ways.
    generator = torch.Generator().manual_seed(1)
    dtypes = [torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.float64]
    made = {}
    for i in range(60):
        dtype = dtypes[i % len(dtypes)]
        shape = torch.randint(0, 5, (i % 5,), generator=generator).tolist()
        count = torch.Size(shape).numel() * dtype.itemsize
        raw = torch.randint(0, 256, (count,), generator=generator, dtype=torch.uint8)
        made[f"layer{i % 7}.{'ü' if i % 3 else 'w'}{i}"] = raw.view(dtype).reshape(shape)
    save_file(made, python)
    run("copy", python, copy)
    check(copy, made)
    assert copy.read_bytes() == python.read_bytes(), "the bytes differ"
print("ok")
