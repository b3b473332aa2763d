"""Writes tests/golden/kernels_augment.json: what torchvision makes of small images.

    python tests/golden/kernels_augment.py

Inputs are filled by formula(), which golden_test.cpp repeats, so only outputs are stored: the first
values of each result in HWC order, its plain sum and its sum weighted by position.
"""
import json
import pathlib

import torch
import torchvision
import torchvision.transforms.v2.functional as F
from torchvision.transforms import InterpolationMode

KEPT = 24


def formula(channels, height, width):
    """uint8 CHW, of every frequency."""
    y, x, c = torch.meshgrid(*(torch.arange(n) for n in (height, width, channels)), indexing="ij")
    values = (x * x * 7 + y * y * 13 + x * y * 5 + c * 61 + x * 3 * c + y * 29) % 256
    return values.to(torch.uint8).permute(2, 0, 1)


def summary(chw):
    flat = chw.permute(1, 2, 0).reshape(-1).double()
    weights = (torch.arange(flat.numel()) % 17 + 1).double()
    return {
        "height": chw.shape[1],
        "width": chw.shape[2],
        "first": [round(v, 7) for v in flat[:KEPT].tolist()],
        "sum": flat.sum().item(),
        "weighted": (flat * weights).sum().item(),
    }


def main():
    cases = []

    def case(name, image, geometry, result):
        c, h, w = image.shape
        cases.append({"name": name, "image": [c, h, w], "geometry": geometry, **summary(result)})

    def box(x, y, w, h):
        return {"box": [x, y, w, h]}

    def resize(image, h, w):
        return F.resize(image.float(), [h, w], InterpolationMode.BILINEAR, antialias=True)

    for c, h, w, oh, ow in [(3, 5, 7, 3, 11), (3, 7, 5, 11, 3), (1, 9, 4, 4, 9), (3, 13, 17, 1, 1),
                            (3, 1, 1, 4, 3), (3, 97, 61, 13, 8), (3, 32, 32, 32, 32),
                            (3, 29, 31, 58, 93), (1, 40, 50, 39, 51), (3, 300, 5, 2, 6)]:
        image = formula(c, h, w)
        case(f"resize {c}x{h}x{w} to {oh}x{ow}", image,
             {**box(0, 0, w, h), "grid": [ow, oh]}, resize(image, oh, ow))

    for c, h, w, top, left, bh, bw, oh, ow in [(3, 23, 31, 4, 7, 11, 13, 5, 6),
                                               (3, 23, 31, 22, 30, 1, 1, 3, 2),
                                               (3, 23, 31, 0, 1, 23, 29, 40, 8),
                                               (1, 64, 48, 10, 3, 30, 41, 30, 20)]:
        image = formula(c, h, w)
        result = F.resized_crop(image.float(), top, left, bh, bw, [oh, ow],
                                InterpolationMode.BILINEAR, antialias=True)
        case(f"resized_crop {bh}x{bw} at {top},{left} of {c}x{h}x{w} to {oh}x{ow}", image,
             {**box(left, top, bw, bh), "grid": [ow, oh]}, result)

    for h, w, oh, ow in [(23, 31, 10, 13), (23, 31, 12, 12), (8, 9, 3, 4), (7, 5, 10, 12)]:
        image = formula(3, h, w)
        # Where torchvision rounds half to even; canvas tests hold the augment room to the same.
        left = round((w - ow) / 2.0) if w >= ow else -((ow - w) // 2)
        top = round((h - oh) / 2.0) if h >= oh else -((oh - h) // 2)
        case(f"center_crop {h}x{w} to {oh}x{ow}", image,
             {**box(0, 0, w, h), "grid": [w, h], "offset": [left, top]},
             F.center_crop(image, [oh, ow]))

    image = formula(3, 9, 12)
    for mode, border in (("reflect", 1), ("constant", 0), ("edge", 2)):
        padded = F.pad(image, [4, 4, 4, 4], padding_mode=mode)
        case(f"pad {mode} then crop", image,
             {**box(0, 0, 12, 9), "grid": [12, 9], "offset": [3 - 4, 6 - 4], "border": border},
             F.crop(padded, 6, 3, 7, 11))
    case("hflip", image, {**box(0, 0, 12, 9), "grid": [12, 9], "flip": [True, False]},
         F.horizontal_flip(image))
    case("vflip after crop", image,
         {**box(0, 0, 12, 9), "grid": [12, 9], "offset": [2, 1], "flip": [False, True]},
         F.vertical_flip(F.crop(image, 1, 2, 5, 8)))

    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    normalized = F.normalize(resize(image, 6, 5) / 255, mean, std)
    geometry = {**box(0, 0, 12, 9), "grid": [5, 6], "mean": mean, "std": std}
    case("resize and normalize", image, geometry, normalized)
    plain = {**box(0, 0, 12, 9), "grid": [12, 9], "mean": mean, "std": std}
    normalized = F.normalize(image.float() / 255, mean, std)
    case("normalize to bfloat16", image, {**plain, "type": 1}, normalized.bfloat16())
    case("normalize to float16", image, {**plain, "type": 2}, normalized.half())

    path = pathlib.Path(__file__).with_suffix(".json")
    head = {"torch": torch.__version__.split("+")[0],
            "torchvision": torchvision.__version__.split("+")[0]}
    lines = ",\n".join(json.dumps(c) for c in cases)
    path.write_text('{"versions": ' + json.dumps(head) + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
