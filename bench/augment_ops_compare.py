#!/usr/bin/env python3
"""Cost of each augmentation of a 224 px image on one core, beside torchvision's v2 on tensors.

    bench/augment_ops_compare.py BUILD/bench/augment_ops [--runs 5]

Both sides go from uint8 pixels in memory to normalised fp32 with the same parameters; they run in
turn, and medians of processor time are printed. Python needs torch and torchvision.
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2

BILINEAR = InterpolationMode.BILINEAR
ROWS = {
    "[]": v2.Identity(),
    "[color_jitter: {brightness: 0.4}]": v2.ColorJitter(brightness=0.4),
    "[color_jitter: {contrast: 0.4}]": v2.ColorJitter(contrast=0.4),
    "[color_jitter: {saturation: 0.4}]": v2.ColorJitter(saturation=0.4),
    "[color_jitter: {hue: 0.1}]": v2.ColorJitter(hue=0.1),
    "[color_jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1}]":
        v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "[random_grayscale: {probability: 1}]": v2.RandomGrayscale(1.0),
    "[random_posterize: {probability: 1}]": v2.RandomPosterize(4, 1.0),
    "[random_solarize: {probability: 1}]": v2.RandomSolarize(128, 1.0),
    "[random_invert: {probability: 1}]": v2.RandomInvert(1.0),
    "[random_autocontrast: {probability: 1}]": v2.RandomAutocontrast(1.0),
    "[random_equalize: {probability: 1}]": v2.RandomEqualize(1.0),
    "[random_sharpness: {probability: 1}]": v2.RandomAdjustSharpness(2.0, 1.0),
    "[gaussian_blur: {sigma: [0.1, 2], kernel_size: 13, probability: 1}]":
        v2.GaussianBlur(13, (0.1, 2.0)),
    "[gaussian_noise: {sigma: 0.1, probability: 1}]": v2.GaussianNoise(sigma=0.1),
    "[random_affine: {degrees: 30, translate: [0.1, 0.1], scale: [0.8, 1.2], shear: 10}]":
        v2.RandomAffine(30, (0.1, 0.1), (0.8, 1.2), 10, BILINEAR),
    "[random_perspective: {probability: 1}]": v2.RandomPerspective(p=1.0),
    "[rand_augment]": v2.RandAugment(),
    "[trivial_augment_wide]": v2.TrivialAugmentWide(),
    "[auto_augment]": v2.AutoAugment(),
}
LEAST_S = 0.15


def peer_microseconds(step, images):
    normalize = [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.25] * 3)]
    transform = v2.Compose([step, *normalize])
    start, count = time.process_time(), 0
    while count < 16 or time.process_time() - start < LEAST_S:
        transform(images[count % len(images)])
        count += 1
    return 1e6 * (time.process_time() - start) / count


def pictures():
    y, x, c = torch.meshgrid(torch.arange(224), torch.arange(224), torch.arange(3), indexing="ij")
    base = 128 + 60 * torch.sin(x * 0.03 + c) + 50 * torch.cos(y * 0.02 * (c + 1))
    noise = torch.randint(0, 8, (16, 224, 224, 3), generator=torch.Generator().manual_seed(0))
    return (base + noise).to(torch.uint8).permute(0, 3, 1, 2).contiguous()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images = pictures()
    ours = {text: [] for text in ROWS}
    theirs = {text: [] for text in ROWS}
    for _ in range(arguments.runs):
        for text, step in ROWS.items():
            out = subprocess.run([arguments.binary, text], check=True, capture_output=True)
            ours[text].append(json.loads(out.stdout)[text])
            theirs[text].append(peer_microseconds(step, images))
    print("| augment | stoker, µs | torchvision v2, µs | ratio |\n|---|---|---|---|")
    for text in ROWS:
        a, b = statistics.median(ours[text]), statistics.median(theirs[text])
        print(f"| `{text[1:-1] or 'nothing but normalize'}` | {a:.0f} | {b:.0f} | {b / a:.1f} |")


if __name__ == "__main__":
    main()
