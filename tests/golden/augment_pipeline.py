"""Writes tests/golden/augment_pipeline.json: sizes, boxes and pixels of torchvision's transforms.

    python tests/golden/augment_pipeline.py
"""
import json
import math
import pathlib

import torch
import torchvision
import torchvision.transforms.v2 as T
from torchvision.transforms import RandomResizedCrop


def formula(channels, height, width):
    """uint8 CHW, of every frequency; golden_test.cpp repeats it."""
    y, x, c = torch.meshgrid(*(torch.arange(n) for n in (height, width, channels)), indexing="ij")
    values = (x * x * 7 + y * y * 13 + x * y * 5 + c * 61 + x * 3 * c + y * 29) % 256
    return values.to(torch.uint8).permute(2, 0, 1)


def resize_sizes():
    rows = []
    for width, height, size in [(50, 40, 24), (40, 50, 24), (3, 5, 7), (500, 375, 256), (375, 500, 256),
                                (1, 100, 3), (333, 333, 17), (1021, 767, 64), (767, 1021, 65)]:
        out = T.functional.resize(torch.zeros(1, height, width), [size], antialias=True)
        rows.append({"image": [width, height], "size": size, "result": [out.shape[2], out.shape[1]]})
    return rows


def center_crops():
    """Which pixel of a column and row numbering comes first; -1 is padding."""
    rows = []
    for width, height, size in [(31, 23, [10, 13]), (9, 8, [3, 4]), (5, 7, [10, 12]), (10, 10, [3, 3]),
                                (11, 13, [4, 8]), (6, 20, [7, 9]), (13, 11, [2, 2])]:
        across = torch.arange(1, width + 1).expand(1, height, width)
        down = torch.arange(1, height + 1)[:, None].expand(1, height, width)
        x = T.functional.center_crop(across, size)[0].amax(0).tolist()
        y = T.functional.center_crop(down, size)[0].amax(1).tolist()
        rows.append({"image": [width, height], "size": size, "columns": x, "rows": y})
    return rows


def fallback_boxes():
    """Shapes for which no attempt can succeed: the centred box is all that is left."""
    rows = []
    for width, height in [(1000, 10), (10, 1000), (77, 11), (11, 78), (501, 7)]:
        image = torch.zeros(1, height, width)
        y, x, h, w = RandomResizedCrop.get_params(image, [0.9, 1.0], [3 / 4, 4 / 3])
        rows.append({"image": [width, height], "box": [x, y, w, h]})
    return rows


def crop_statistics():
    torch.manual_seed(1)
    rows = []
    for width, height in [(500, 375), (64, 128)]:
        image = torch.zeros(1, height, width)
        draws = []
        for _ in range(20_000):
            y, x, h, w = RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3])
            draws.append([w * h / (width * height), math.log(w / h), (x + w / 2) / width,
                          (y + h / 2) / height])
        draws = torch.tensor(draws, dtype=torch.float64)
        rows.append({"image": [width, height], "mean": draws.mean(0).tolist(),
                     "std": draws.std(0).tolist()})
    return rows


def pipelines():
    image = formula(3, 41, 53)
    scaled = T.Compose([T.ToDtype(torch.float32, scale=True),
                        T.Resize(24, antialias=True), T.CenterCrop([17, 20]),
                        T.RandomHorizontalFlip(1.0), T.CenterCrop([15, 13]),
                        T.Normalize([0.5, 0.4, 0.3], [0.2, 0.25, 0.3])])
    values = scaled(image).permute(1, 2, 0).reshape(-1)
    return {"image": [3, 41, 53], "result": [round(v, 5) for v in values.tolist()]}


def main():
    golden = {"versions": {"torch": torch.__version__.split("+")[0],
                           "torchvision": torchvision.__version__.split("+")[0]},
              "resize": resize_sizes(), "center_crop": center_crops(),
              "fallback": fallback_boxes(), "statistics": crop_statistics(),
              "evaluation": pipelines()}
    lines = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in golden.items())
    pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
