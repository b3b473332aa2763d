"""Writes tests/golden/augment_warps.json: torchvision's affine and perspective maps of a small image,
every operation of its policies at some magnitudes, and AutoAugment's tables.

    python tests/golden/augment_warps.py

The input is filled by image(), which warp_golden_test.cpp repeats; outputs are stored whole, as
hexadecimal bytes in HWC order.
"""
import json
import pathlib

import torch
import torchvision
import torchvision.transforms.v2 as v2
import torchvision.transforms.v2.functional as F
from torchvision.transforms import InterpolationMode

CHANNELS, HEIGHT, WIDTH = 3, 15, 18
MODES = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR}


def image():
    y, x, c = torch.meshgrid(*(torch.arange(n) for n in (HEIGHT, WIDTH, CHANNELS)), indexing="ij")
    return ((x * 9 + y * 5 + x * y // 3 + c * 70) % 256).to(torch.uint8).permute(2, 0, 1)


def text(out):
    return bytes(out.permute(1, 2, 0).reshape(-1).tolist()).hex()


def affine_cases():
    cases = []
    for angle, translate, scale, shear in [(0, [0, 0], 1.0, [0, 0]), (30, [0, 0], 1.0, [0, 0]),
                                           (0, [5, -3], 1.0, [0, 0]), (0, [0, 0], 0.6, [0, 0]),
                                           (0, [0, 0], 1.37, [0, 0]), (0, [0, 0], 1.0, [20, 0]),
                                           (0, [0, 0], 1.0, [0, -15]), (-77, [2, 4], 1.2, [9, 7])]:
        for name, mode in MODES.items():
            out = F.affine(image(), angle, translate, scale, shear, interpolation=mode)
            cases.append({"angle": angle, "move": translate, "scale": scale, "shear": shear,
                          "interpolation": name, "out": text(out)})
    return cases


def perspective_cases():
    cases = []
    r, b = WIDTH - 1, HEIGHT - 1
    start = [[0, 0], [r, 0], [r, b], [0, b]]
    for end in [[[2, 3], [r - 4, 1], [r, b - 5], [6, b]],
                [[5, 0], [r - 1, 7], [r - 3, b], [0, b - 2]]]:
        for name, mode in MODES.items():
            out = F.perspective(image(), start, end, interpolation=mode)
            cases.append({"to": end, "interpolation": name, "out": text(out)})
    return cases


def policy_cases():
    cases = []
    spaces = [("standard", v2.AutoAugment(), 10, [0, 4, 9]), ("standard", v2.RandAugment(), 31, [9, 30]),
              ("wide", v2.TrivialAugmentWide(), 31, [0, 7, 30])]
    for space, policy, bins, indices in spaces:
        for op, (magnitudes, signed) in policy._AUGMENTATION_SPACE.items():
            table = magnitudes(bins, HEIGHT, WIDTH)
            for index in indices if table is not None else [0]:
                magnitude = float(table[index]) if table is not None else 0.0
                for sign in (1, -1) if signed else (1,):
                    case = {"space": space, "op": op, "bins": bins, "index": index,
                            "signed": signed, "magnitude": magnitude, "sign": sign}
                    out = policy._apply_image_or_video_transform(
                        image(), op, sign * magnitude, InterpolationMode.NEAREST, {})
                    if index == indices[-1] or table is None:  # pixels of the strongest alone
                        case["out"] = text(out)
                    cases.append(case)
    return cases


def tables():
    return {p.value: v2.AutoAugment(p)._policies for p in v2.AutoAugmentPolicy}


def main():
    result = {
        "versions": {"torch": torch.__version__.split("+")[0],
                     "torchvision": torchvision.__version__.split("+")[0]},
        "shape": [CHANNELS, HEIGHT, WIDTH],
        "affine": affine_cases(),
        "perspective": perspective_cases(),
        "policy": policy_cases(),
        "tables": tables(),
    }
    rows = []
    for key, value in result.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            body = "[\n" + ",\n".join(json.dumps(v) for v in value) + "\n]"
        else:
            body = json.dumps(value)
        rows.append(f'"{key}": {body}')
    pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
