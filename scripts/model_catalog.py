#!/usr/bin/env python3
"""Writes lib/stoker/zoo/catalog.inc: what each model of the table costs and takes, from timm,
torchvision and the reference networks of tests/golden.

    pip install torch==2.11.0 torchvision==0.26.0 timm==1.0.31
    scripts/model_catalog.py && build/stoker models --markdown > docs/models.md

Names are those of `model` in docs/config.md; nothing is computed, networks are built without memory.
"""
import pathlib
import re
import sys
import warnings

import timm
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/golden"))
import models_cifar  # noqa: E402
import models_golden  # noqa: E402

TRIPLES = {
    (0.485, 0.456, 0.406): "kImagenetMean", (0.229, 0.224, 0.225): "kImagenetStd",
    (0.5, 0.5, 0.5): "kHalf", (0.0, 0.0, 0.0): "kZero", (1.0, 1.0, 1.0): "kOne",
}
CIFAR = {**models_cifar.NETWORKS,
         "airbench": lambda n: models_golden.Airbench([64, 256, 256], torch.nn.functional.gelu, 0.4, 3,
                                                      256, 1 / 9, True),
         "airbench96": lambda n: models_golden.Airbench([128, 512, 512], torch.nn.functional.gelu, 0.1,
                                                        3, 512, 1 / 9, True, 3),
         "mlp": lambda n: models_golden.Mlp([512, 256], torch.relu, False, 3 * 32 * 32)}


def names():
    text = (TOP / "docs/config.md").read_text()
    section = re.search(r"\n## `model`\n\n.*? Takes one of (.*?), or a map", text, re.DOTALL)
    return [name for name in section[1].split(", ") if name != "torchscript"]


def costs(model, size):
    with FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros(1, 3, size, size, device="meta"))
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return learned, counter.get_total_flops() // 2


def of_timm(name):
    model = timm.create_model(name, num_classes=1000)
    cfg = model.pretrained_cfg
    size = (cfg.get("test_input_size") or cfg["input_size"])[-1]
    crop = cfg.get("test_crop_pct") or cfg["crop_pct"]
    weights = f"timm/{name}.{cfg['tag']}" if cfg.get("hf_hub_id") or cfg.get("url") else ""
    if model.pretrained_cfg.get("fixed_input_size") and size != cfg["input_size"][-1]:
        size = cfg["input_size"][-1]
    return (1000, *costs(model, size), size, crop, cfg["interpolation"], TRIPLES[tuple(cfg["mean"])],
            TRIPLES[tuple(cfg["std"])], weights)


def of_torchvision(name):
    model = torchvision.models.get_model(name)
    weights = torchvision.models.get_model_weights(name)
    entry = weights.DEFAULT if len(weights) else None
    if entry is None:
        return (1000, *costs(model, 224), 224, 0.875, "bilinear", "kImagenetMean", "kImagenetStd", "")
    images = entry.transforms()
    size = images.crop_size[0]
    return (1000, *costs(model, size), size, size / images.resize_size[0],
            images.interpolation.value, TRIPLES[tuple(images.mean)], TRIPLES[tuple(images.std)],
            f"torchvision/{name}.{entry.name}")


def of_cifar(name):
    models_golden.CLASSES = 10
    return (10, *costs(CIFAR[name](10), 32), 32, 1.0, "bilinear", "kCifarMean", "kCifarStd", "")


def row(name):
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        find = of_cifar if name in CIFAR else of_timm if timm.is_model(name) else of_torchvision
        classes, learned, adds, size, crop, resize, mean, std, weights = find(name)
    return (f'{{"{name}", {classes}, {learned}, {adds}, {size}, {round(crop, 4):g}, "{resize}", {mean}, '
            f'{std},\n "{weights}"}},')


def main():
    torch.backends.mha.set_fastpath_enabled(False)  # its one operator is not counted
    # MaxViT looks biases up by products with matrices of one-hot rows.
    timm.layers.pos_embed_rel.reindex_2d_einsum_lookup = (
        lambda table, height, width, *_: table.new_zeros(len(table), *[height * width] * 2))
    (TOP / "lib/stoker/zoo/catalog.inc").write_text(
        "// Written by scripts/model_catalog.py.\n" + "\n".join(map(row, sorted(names()))) + "\n")


if __name__ == "__main__":
    main()
