"""Writes tests/golden/weights_safetensors.safetensors with the Python library, one tensor a dtype.

    python tests/golden/weights_safetensors.py     # safetensors 0.8.0, torch 2.11.0

Element i of a tensor of n elements is i - n // 2 (i for unsigned types, i % 2 for bool), cast to
the dtype; tests/weights compares with the same formula. The shapes are the formula's too.
"""

import pathlib

import torch
from safetensors.torch import save_file

DTYPES = {
    "bool": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16,
    "u16": torch.uint16, "i32": torch.int32, "u32": torch.uint32, "i64": torch.int64,
    "u64": torch.uint64, "f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32,
    "f64": torch.float64, "f8_e4m3": torch.float8_e4m3fn, "f8_e5m2": torch.float8_e5m2,
    "c64": torch.complex64,
}


def fill(shape, dtype):
    n = torch.Size(shape).numel()
    index = torch.arange(n, dtype=torch.int64)
    if dtype == torch.bool:
        values = index % 2
    elif dtype in (torch.uint8, torch.uint16, torch.uint32, torch.uint64):
        values = index
    else:
        values = index - n // 2
    return values.to(dtype).reshape(shape)


def tensors():
    made = {f"dtype.{name}": fill([2, 3], dtype) for name, dtype in DTYPES.items()}
    made["shape.scalar"] = fill([], torch.float32)
    made["shape.empty"] = fill([0, 3], torch.float32)
    made["shape.four"] = fill([2, 3, 5, 7], torch.bfloat16)
    made['name "quoted" \\ é\n\t'] = fill([1], torch.uint8)
    return made


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_suffix(".safetensors")
    save_file(tensors(), path, {"format": "pt"})
