"""Writes tests/golden/kernels_program.json: what torchvision's operations make of small images.

    python tests/golden/kernels_program.py

Inputs are filled by image(), which program_golden_test.cpp repeats; outputs are stored whole, as
hexadecimal bytes in HWC order.
"""
import json
import pathlib

import torch
import torchvision
import torchvision.transforms.v2.functional as F

# In the order of kernels::OpKind.
KINDS = ["brightness", "saturation", "hue", "grayscale", "posterize", "solarize", "invert",
         "gaussian_noise", "salt_and_pepper", "contrast", "autocontrast", "equalize", "sharpness",
         "gaussian_blur"]


def image(kind, channels, height, width):
    """uint8 CHW. noisy: of every frequency; soft: smooth, of little contrast; flat: one colour."""
    y, x, c = torch.meshgrid(*(torch.arange(n) for n in (height, width, channels)), indexing="ij")
    noisy = (x * x * 7 + y * y * 13 + x * y * 5 + c * 61 + x * 3 * c + y * 29) % 256
    soft = 70 + 4 * x + 3 * y + (20 - x) * c
    flat = 90 + 40 * c + 0 * x
    return {"noisy": noisy, "soft": soft, "flat": flat}[kind].to(torch.uint8).permute(2, 0, 1)


def main():
    functions = {
        "brightness": F.adjust_brightness,
        "saturation": F.adjust_saturation,
        "hue": F.adjust_hue,
        "grayscale": lambda x: F.rgb_to_grayscale(x, num_output_channels=x.shape[0]),
        "posterize": lambda x, bits: F.posterize(x, int(bits)),
        "solarize": F.solarize,
        "invert": F.invert,
        "contrast": F.adjust_contrast,
        "autocontrast": F.autocontrast,
        "equalize": F.equalize,
        "sharpness": F.adjust_sharpness,
        "gaussian_blur": lambda x, sigma, side: F.gaussian_blur(x, [int(side)] * 2, [sigma] * 2),
    }
    parameters = {
        "brightness": [[0.0], [0.3], [1.0], [1.37], [2.5]],
        "saturation": [[0.0], [0.4], [1.9]],
        "hue": [[-0.5], [-0.13], [0.0], [0.21], [0.5]],
        "posterize": [[1], [4], [8]],
        "solarize": [[0.0], [77.5], [128.0], [255.0]],
        "contrast": [[0.0], [0.6], [1.8]],
        "sharpness": [[0.0], [0.7], [2.0]],
        "gaussian_blur": [[0.5, 3], [1.3, 7], [2.0, 13]],
    }
    cases = []
    for name, function in functions.items():
        for values in parameters.get(name, [[]]):
            for kind, channels, height, width in [("noisy", 3, 14, 17), ("soft", 3, 15, 19),
                                                  ("flat", 3, 14, 15), ("noisy", 1, 16, 14)]:
                if kind == "flat" and name not in ("contrast", "autocontrast", "equalize", "hue"):
                    continue
                if channels == 1 and name in ("grayscale",):
                    continue
                out = function(image(kind, channels, height, width), *values)
                cases.append({
                    "op": name, "kind": KINDS.index(name), "p": values, "image": kind,
                    "shape": [channels, height, width],
                    "out": bytes(out.permute(1, 2, 0).reshape(-1).tolist()).hex(),
                })

    path = pathlib.Path(__file__).with_suffix(".json")
    head = {"torch": torch.__version__.split("+")[0],
            "torchvision": torchvision.__version__.split("+")[0]}
    lines = ",\n".join(json.dumps(c) for c in cases)
    path.write_text('{"versions": ' + json.dumps(head) + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
