"""Writes weights_dialects.json beside this file: the names and shapes that other tools' networks
have, with the logits that these give with weights by the formula of models_golden.py, and what timm
makes of embeddings of positions and of first convolutions for other images.

    pip install torch==2.11.0 torchvision==0.26.0 timm==1.0.31 && python tests/golden/weights_dialects.py
"""

import functools
import json
import pathlib

import timm
import torch
import torchvision
from timm.layers import resample_abs_pos_embed
from timm.models import adapt_input_conv
from torch import nn
from torchvision.models.convnext import CNBlockConfig

from models_golden import BATCH, CLASSES, fill, number, uniform

FILE = pathlib.Path(__file__).with_suffix(".json")


def row(dialect, family, model, height, width, rename=None, left_out=(), channels=3):
    """rename: of timm's network, to a list of names of the other tool, in parts along dimension 0."""
    model = model.double().eval()
    state = {}
    if rename is None:
        state = model.state_dict()
        whole = {name: tensor.clone() for name, tensor in state.items()
                 if not tensor.is_floating_point()}
        fill(model)
        for name, tensor in whole.items():
            state[name].copy_(tensor)
        left_out = list(whole)
    else:
        for name, tensor in model.state_dict().items():
            names = rename(name)
            for part, piece in zip(names, tensor.chunk(len(names))):
                holder = nn.Module()
                holder.register_buffer("t", torch.empty_like(piece))
                state[part] = holder.t
        fill(type("Holder", (), {"state_dict": lambda self: state})())
        with torch.no_grad():
            for name, tensor in model.state_dict().items():
                tensor.copy_(torch.cat([state[part] for part in rename(name)]))
    images = uniform("images", (BATCH, channels, height, width))
    with torch.no_grad():
        logits = model(images)
    tensors = [[name, list(tensor.shape)] for name, tensor in state.items()]
    extra = [name for name in left_out if name not in state]
    return {"dialect": dialect, "family": family, "height": height, "width": width,
            "tensors": tensors + [[name, [3]] for name in extra], "left_out": list(left_out),
            "logits": [number(v) for v in logits.flatten()]}


def transformers_vit(prefix, name):
    """Names of ViTForImageClassification and its relatives."""
    plain = {"cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings",
             "patch_embed.proj": "embeddings.patch_embeddings.projection", "norm": "layernorm"}
    parts = {"norm1": "layernorm_before", "norm2": "layernorm_after",
             "attn.proj": "attention.output.dense", "mlp.fc1": "intermediate.dense",
             "mlp.fc2": "output.dense"}
    if name in plain:
        return [prefix + plain[name]]
    head, _, leaf = name.rpartition(".")
    if head == "head":
        return ["classifier." + leaf]
    if head in plain:
        return [prefix + plain[head] + "." + leaf]
    _, block, part = head.split(".", 2)
    layer = f"{prefix}encoder.layer.{block}."
    if part == "attn.qkv":
        return [f"{layer}attention.attention.{p}.{leaf}" for p in ("query", "key", "value")]
    return [layer + parts[part] + "." + leaf]


def facebook_convnext(name):
    for ours, theirs in (("stem.", "downsample_layers.0."), ("head.norm.", "norm."),
                         ("head.fc.", "head.")):
        if name.startswith(ours):
            return [theirs + name[len(ours):]]
    _, stage, rest = name.split(".", 2)
    if rest.startswith("downsample."):
        return [f"downsample_layers.{stage}." + rest[len("downsample."):]]
    for ours, theirs in (("blocks.", ""), ("conv_dw", "dwconv"), ("mlp.fc1", "pwconv1"),
                         ("mlp.fc2", "pwconv2")):
        rest = rest.replace(ours, theirs)
    return [f"stages.{stage}.{rest}"]


def microsoft_swin(name):
    if name.startswith("layers.") and name.split(".")[2] == "downsample":
        _, layer, rest = name.split(".", 2)
        return [f"layers.{int(layer) - 1}.{rest}"]
    return [name.replace("head.fc.", "head.")]


def rows():
    tiny = functools.partial(timm.create_model, "vit_tiny_patch16_224", num_classes=CLASSES, depth=3,
                             img_size=(32, 32))
    vit = torchvision.models.VisionTransformer(32, 16, 3, 3, 192, 768, num_classes=CLASSES)
    yield row("torchvision's ViT", "vit", vit, 32, 32)
    yield row("the ViT of transformers", "vit", tiny(), 32, 32,
              functools.partial(transformers_vit, "vit."), ["vit.pooler.dense.bias"])
    yield row("the ViT of DINO and DINOv2", "vit", tiny(), 32, 32, lambda name: [name],
              ["mask_token"])
    convnext = torchvision.models.ConvNeXt(
        [CNBlockConfig(8, 16, 1), CNBlockConfig(16, 24, 1), CNBlockConfig(24, 40, 2),
         CNBlockConfig(40, None, 1)], num_classes=CLASSES)
    yield row("torchvision's ConvNeXt", "convnext", convnext, 45, 38)
    yield row("the ConvNeXt of its paper", "convnext",
              timm.create_model("convnext_atto", conv_mlp=False, num_classes=CLASSES,
                                depths=(1, 1, 2, 1), dims=(8, 16, 24, 40)), 45, 38,
              facebook_convnext)
    swin = torchvision.models.SwinTransformer([4, 4], 16, [2, 2, 2, 2], [1, 2, 4, 8], [7, 7],
                                              num_classes=CLASSES)
    yield row("torchvision's Swin", "swin", swin, 224, 224)
    yield row("the Swin of its paper", "swin",
              timm.models.swin_transformer.SwinTransformer(
                  img_size=224, num_classes=CLASSES, embed_dim=16, depths=(2, 2, 2, 2),
                  num_heads=(1, 2, 4, 8)), 224, 224, microsoft_swin,
              ["layers.0.blocks.1.attn_mask", "layers.0.blocks.0.attn.relative_position_index"])


def names():
    """Of networks whose mathematics are the same: names and shapes of all weights."""
    for dialect, theirs, ours in (
            ("torchvision's RegNet", "regnet_y_400mf", "regnety_004"),
            ("torchvision's EfficientNet", "efficientnet_b0", "efficientnet_b0"),
            ("torchvision's MobileNetV2", "mobilenet_v2", "mobilenetv2_100")):
        models = (torchvision.models.get_model(theirs), timm.create_model(ours))
        yield {"names": dialect, **{side: {n: list(t.shape) for n, t in m.state_dict().items()
                                           if n.endswith("weight")}
                                    for side, m in zip(("theirs", "ours"), models)}}


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.flatten().tolist()]


def fitted():
    for prefix, side, height, width in ((1, 3, 2, 5), (0, 4, 7, 4), (2, 2, 3, 3)):
        positions = uniform("positions", (1, prefix + side * side, 3)).float()
        made = resample_abs_pos_embed(positions, [height, width], num_prefix_tokens=prefix)
        yield {"positions": side, "prefix": prefix, "height": height, "width": width,
               "values": numbers(made)}
    for channels in (1, 2, 4, 7):
        weight = uniform("stem", (2, 3, 2, 1)).float()
        yield {"channels": channels, "values": numbers(adapt_input_conv(channels, weight))}


if __name__ == "__main__":
    cases = [*rows(), *names(), *fitted()]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    FILE.write_text(f"[\n{lines}\n]\n")
