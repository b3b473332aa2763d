#!/usr/bin/env python3
"""Draws the pictures of docs/augment.md into docs/augment/.

    scripts/augment_pictures.py BUILD/stoker

A procedural landscape stands in for a photograph. Each sheet is what
`stoker data inspect --augment` writes for one augmentation, saved as JPEG. What mixes the images of a
batch is taken from the picture that a run writes for TensorBoard. Needs numpy and Pillow.
"""
import io
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image, ImageDraw, ImageFilter

SIZE = 256
CROP = "random_resized_crop: {size: 128}"
SHEETS = {
    "random_resized_crop": [CROP],
    "resize": ["resize: {size: [88, 128]}"],
    "center_crop": ["resize: {size: 160}", "center_crop: {size: 128}"],
    "pad_crop": ["resize: {size: [128, 128]}", "pad_crop: {size: 128, pad: 24}"],
    "flip": ["flip: {horizontal: random, vertical: random}"],
    "color_jitter": ["color_jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1}"],
    "random_grayscale": ["random_grayscale: {probability: 0.5}"],
    "random_posterize": ["random_posterize: {bits: 2, probability: 0.7}"],
    "random_solarize": ["random_solarize: {threshold: 128, probability: 0.7}"],
    "random_autocontrast": ["random_autocontrast: {probability: 0.7}"],
    "random_equalize": ["random_equalize: {probability: 0.7}"],
    "random_invert": ["random_invert: {probability: 0.7}"],
    "random_sharpness": ["random_sharpness: {factor: 6, probability: 0.7}"],
    "gaussian_blur": ["gaussian_blur: {sigma: [0.1, 3], probability: 1}"],
    "gaussian_noise": ["gaussian_noise: {sigma: [0, 0.2], probability: 1}"],
    "salt_and_pepper": ["salt_and_pepper: {amount: 0.05, probability: 0.7}"],
    "random_affine": ["random_affine: {degrees: 30, translate: [0.1, 0.1], scale: [0.7, 1.3], "
                      "shear: 15, fill: 128}"],
    "random_perspective": ["random_perspective: {probability: 0.8, fill: 128}"],
    "rand_augment": ["rand_augment: {magnitude: 15, fill: 128}"],
    "trivial_augment_wide": ["trivial_augment_wide: {fill: 128}"],
    "auto_augment": ["auto_augment: {policy: imagenet, fill: 128}"],
    "random_erasing": ["random_erasing: {probability: 0.8, fill: noise}"],
    "recipe": [CROP, "flip", "rand_augment: {fill: 128}"],
}
MIXING = {
    "mixup": "[mixup: {alpha: 1, probability: 1, per: pair}]",
    "cutmix": "[cutmix: {alpha: 1, probability: 1, per: pair}]",
}
# One step on a batch of procedural images, with a picture of it.
ONE_STEP = """\
data: {format: {name: shapes, size: 96, train_images: 12, val_images: 12}}
model: {name: mlp, hidden: [4]}
train: {epochs: 1, batch_size: 12, precision: fp32}
log: {images: 1, tensorboard: true}
"""


def landscape():
    y, x = numpy.mgrid[0:SIZE, 0:SIZE] / SIZE
    sky = numpy.stack([0.35 + 0.5 * y, 0.55 + 0.35 * y, 0.85 + 0.1 * y], axis=2)
    picture = Image.fromarray((255 * sky).astype(numpy.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse([176, 22, 222, 68], fill=(255, 226, 130))
    hills = [((70, 96, 120), 120, 26, 0.02, 0.0), ((62, 112, 74), 150, 18, 0.035, 1.3),
             ((96, 142, 62), 182, 12, 0.028, 2.9)]
    for color, level, height, rate, shift in hills:
        line = [(i, level - height * numpy.sin(rate * i + shift)) for i in range(0, SIZE + 4, 4)]
        draw.polygon([*line, (SIZE, SIZE), (0, SIZE)], fill=color)
    draw.rectangle([58, 146, 122, 204], fill=(196, 88, 62))
    draw.polygon([(50, 148), (90, 112), (130, 148)], fill=(94, 48, 44))
    draw.rectangle([82, 170, 100, 204], fill=(70, 46, 36))
    for left in (64, 104):
        draw.rectangle([left, 156, left + 12, 170], fill=(250, 240, 190))
    draw.rectangle([176, 150, 186, 206], fill=(86, 60, 40))
    for cx, cy, r in ((181, 128, 30), (164, 142, 18), (199, 144, 19)):
        draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=(44, 92, 46))
    grain = numpy.random.default_rng(0).normal(0, 1, (SIZE, SIZE, 3))
    soft = numpy.asarray(picture.filter(ImageFilter.GaussianBlur(0.7)), dtype=float)
    return Image.fromarray(numpy.clip(soft + 5 * grain, 0, 255).astype(numpy.uint8))


def save(picture, path):
    picture.convert("RGB").save(path, quality=80, optimize=True)


# The first PNG in a run's event file.
def batch_picture(run):
    events = next(run.glob("events.out.tfevents.*")).read_bytes()
    begin = events.index(b"\x89PNG")
    end = events.index(b"IEND", begin) + 8
    return Image.open(io.BytesIO(events[begin:end]))


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    out = pathlib.Path(__file__).resolve().parent.parent / "docs" / "augment"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "train" / "landscape").mkdir(parents=True)
        landscape().save(root / "train" / "landscape" / "1.png")
        for name, steps in SHEETS.items():
            moves = any(s.startswith(("random_resized_crop", "resize")) for s in steps)
            lines = ["data: {format: image_folder, root: %s, train: train}" % root, "augment:"]
            lines += [f"  - {s}" for s in ([] if moves else ["resize: {size: [128, 128]}"]) + steps]
            lines += ["  - normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}"]
            (root / "a.yaml").write_text("\n".join(lines) + "\n")
            subprocess.run([binary, "data", "inspect", "--augment", root / "a.yaml", "--sheet",
                            root / "a.png"], check=True, stdout=subprocess.DEVNULL)
            save(Image.open(root / "a.png"), out / f"{name}.jpg")
        for name, algorithms in MIXING.items():
            (root / f"{name}.yaml").write_text(ONE_STEP)
            subprocess.run([binary, "train", root / f"{name}.yaml", f"algorithms={algorithms}"],
                           cwd=root, check=True, stderr=subprocess.DEVNULL)
            save(batch_picture(root / "runs" / name / "1"), out / f"{name}.jpg")


if __name__ == "__main__":
    main()
