"""Writes models_vit.json, models_convnext.json, models_swin.json, models_mixer.json and
models_convmixer.json beside this file: timm's networks, as models_golden.py has torchvision's.

The first rows of a file are small networks, compared in full; the rest is every name that timm has
(torchvision's are the same networks), of which a row holds names and shapes, and, where there are few
enough parameters, logits and the norm of the whole gradient.

    pip install torch==2.11.0 torchvision==0.26.0 timm==1.0.31 && python tests/golden/models_tokens.py
"""

import functools
import sys

import timm
import torch
from timm.models.convmixer import ConvMixer
from timm.models.mlp_mixer import MlpMixer
from timm.models.swin_transformer import SwinTransformer

from models_golden import BATCH, CLASSES, fill, number, record, signature, uniform, write

ONLY = sys.argv[1:]
LARGE = 30_000_000  # parameters


def outline(model):
    return {"signature": signature(model), "parameters": sum(p.numel() for p in model.parameters())}


def brief(model, channels, height, width):
    """As record(), but one number for all gradients."""
    model = model.double()
    fill(model)
    images = uniform("images", (BATCH, channels, height, width))
    with torch.no_grad():
        evaluated = model.eval()(images)
    logits = model.train()(images)
    (logits * uniform("loss", (BATCH, CLASSES))).sum().backward()
    squares = sum(p.grad.square().sum() for p in model.parameters())
    return {
        "eval_logits": [number(v) for v in evaluated.flatten()],
        "train_logits": [number(v) for v in logits.flatten()],
        "gradient_norm": number(squares.sqrt()),
        **outline(model),
    }


def case(model, height, width, channels=3, record=record, **row):
    return {**row, "channels": channels, "height": height, "width": width,
            **record(model, channels, height, width)}


def named(names, height, width, sized=True, **options):
    for name in names:
        if sized:
            options["img_size"] = (height, width)
        build = functools.partial(timm.create_model, name, num_classes=CLASSES, **options)
        with torch.device("meta"):
            model = build()
        if sum(p.numel() for p in model.parameters()) > LARGE:
            yield {"name": name, "height": height, "width": width, **outline(model)}
        else:
            yield case(build(), height, width, record=brief, name=name)


def vits():
    tiny = functools.partial(timm.create_model, "vit_tiny_patch16_224", num_classes=CLASSES)
    yield case(tiny(img_size=(32, 48)), 32, 48, options="plain")
    yield case(tiny(img_size=(48, 16), in_chans=1, depth=3, global_pool="avg", qkv_bias=False),
               48, 16, 1, options="average")
    yield case(tiny(img_size=(32, 64), in_chans=4, depth=3, reg_tokens=3, no_embed_class=True,
                    init_values=0.1), 32, 64, 4, options="registers")
    for size in (16, 32, 8, 14):
        yield from named([n for n in VITS if f"patch{size}_" in n], 2 * size, 3 * size)


VITS = [
    "vit_tiny_patch16_224", "vit_small_patch8_224", "vit_small_patch16_224", "vit_small_patch32_224",
    "vit_base_patch8_224", "vit_base_patch16_224", "vit_base_patch32_224", "vit_large_patch16_224",
    "vit_large_patch32_224", "deit_tiny_patch16_224", "deit_small_patch16_224",
    "deit_base_patch16_224", "deit3_small_patch16_224", "deit3_medium_patch16_224",
    "deit3_base_patch16_224", "deit3_large_patch16_224", "vit_small_patch14_dinov2",
    "vit_base_patch14_dinov2", "vit_large_patch14_dinov2", "vit_small_patch14_reg4_dinov2",
    "vit_base_patch14_reg4_dinov2", "vit_large_patch14_reg4_dinov2"]


def convnexts():
    atto = functools.partial(timm.create_model, num_classes=CLASSES, depths=(1, 1, 2, 1),
                             dims=(8, 16, 24, 40))
    yield case(atto("convnext_atto"), 45, 38, options="convolutions")
    yield case(atto("convnext_atto", conv_mlp=False, in_chans=1), 36, 70, 1, options="linear")
    yield case(atto("convnextv2_atto"), 33, 71, options="response")
    sizes = ("atto", "femto", "pico", "nano", "tiny", "small", "base", "large")
    yield from named([f"convnext{v}_{s}" for v in ("", "v2") for s in sizes], 41, 34, sized=False)


def swins():
    swin = functools.partial(SwinTransformer, num_classes=CLASSES, embed_dim=16,
                             num_heads=(1, 2, 4, 8), drop_path_rate=0)
    yield case(swin(img_size=(44, 75), depths=(2, 2, 2, 2)), 44, 75, options="rectangle")
    yield case(swin(img_size=(64, 61), depths=(1, 2, 2, 1), in_chans=1), 64, 61, 1, options="gray")
    yield from named([f"swin_{s}_patch4_window7_224" for s in ("tiny", "small", "base")], 60, 44,
                     drop_path_rate=0)


def mixers():
    yield case(MlpMixer(CLASSES, (32, 48), patch_size=16, num_blocks=2, embed_dim=40), 32, 48,
               options="small")
    for patch in (16, 32):
        yield from named([f"mixer_{s}{patch}_224" for s in "sbl"], 2 * patch, 3 * patch)


def convmixers():
    mixer = functools.partial(ConvMixer, num_classes=CLASSES, dim=24, depth=2)
    yield case(mixer(kernel_size=9, patch_size=7), 38, 57, options="gelu")
    yield case(mixer(kernel_size=5, patch_size=4, in_chans=4, act_layer=torch.nn.ReLU), 19, 30, 4,
               options="relu")
    yield from named(["convmixer_768_32", "convmixer_1024_20_ks9_p14", "convmixer_1536_20"], 45, 30,
                     sized=False)


if __name__ == "__main__":
    torch.manual_seed(0)
    for family in (vits, convnexts, swins, mixers, convmixers):
        if not ONLY or family.__name__[:-1] in ONLY:
            write(family.__name__[:-1], family())
