"""Writes models_zoo.json beside this file: a row for each convolutional network of the zoo.

Reference networks are timm's, torchvision's where timm has none, and our own few lines of PyTorch for
those of the CIFAR literature, with weights and images from the formula of models_golden.py, in float64.
Sums over gradients and statistics are folded into a few numbers by the order of the names.

    pip install torch==2.11.0 torchvision==0.26.0 timm==1.0.31
    python tests/golden/models_zoo.py            # all rows: some minutes
    python tests/golden/models_zoo.py resnet20   # these rows anew
"""

import json
import sys

import torch
from torch import nn

import models_cifar
from models_golden import BATCH, CLASSES, FOLDER, fill, number, signature, uniform

FOLDS = 12
IMAGENET = (64, 72)
# Of these, names and shapes alone: a row takes a minute, and a smaller one of the family is compared.
LARGE = """vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn tf_efficientnetv2_m wrn_28_10
pyramidnet110_a270 repvgg_b1 densenet161
dm_nfnet_f1 dm_nfnet_f2 nfnet_f0 eca_nfnet_l1 dla102x2 dla169
maxvit_small_tf_224 maxvit_base_tf_224 maxvit_large_tf_224""".split()
SIZES = {"alexnet": (71, 80), "inception_v3": (79, 91)}
EVEN = (64, 96)  # of those that need multiples of 32
NAMES = """
wide_resnet101_2 resnext101_32x4d resnext101_32x8d resnext101_64x4d
resnet18d resnet26d resnet34d resnet50d resnet101d resnet152d
seresnet18 seresnet50 seresnext50_32x4d seresnext101_32x4d resnetrs50 resnetrs101
res2net50_26w_4s res2net50_14w_8s res2net101_26w_4s
mobilenetv2_050 mobilenetv2_100 mobilenetv2_140
mobilenetv3_small_050 mobilenetv3_small_075 mobilenetv3_small_100 mobilenetv3_large_100
mobilenetv4_conv_small mobilenetv4_conv_medium mobilenetv4_conv_large
efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4
tf_efficientnet_b0 tf_efficientnet_b1 tf_efficientnet_b2 tf_efficientnet_b3 tf_efficientnet_b4
efficientnetv2_rw_t efficientnetv2_rw_s efficientnetv2_s efficientnetv2_m
tf_efficientnetv2_b0 tf_efficientnetv2_s tf_efficientnetv2_m
mnasnet_050 mnasnet_100 semnasnet_075 semnasnet_100
regnetx_002 regnetx_004 regnetx_006 regnetx_008 regnetx_016 regnetx_032
regnety_002 regnety_004 regnety_006 regnety_008 regnety_016 regnety_032
ghostnet_050 ghostnet_100 ghostnet_130
repvgg_a0 repvgg_a1 repvgg_a2 repvgg_b0 repvgg_b1
shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0
squeezenet1_0 squeezenet1_1 alexnet
vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn
densenet121 densenet161 densenet169 densenet201
mobilenetv4_hybrid_medium mobilenetv4_hybrid_large inception_v3
maxvit_tiny_tf_224 maxvit_small_tf_224 maxvit_base_tf_224 maxvit_large_tf_224
maxvit_nano_rw_256 maxvit_tiny_rw_224
dla34 dla46_c dla46x_c dla60x_c dla60 dla60x dla102 dla102x dla102x2 dla169
dm_nfnet_f0 dm_nfnet_f1 dm_nfnet_f2 nfnet_f0 nfnet_l0 eca_nfnet_l0 eca_nfnet_l1 nf_resnet50 nf_regnet_b1
""".split() + list(models_cifar.NETWORKS)


def reference(name, classes=CLASSES):
    import timm
    import torchvision
    if name in models_cifar.NETWORKS:
        return models_cifar.NETWORKS[name](classes)
    if name.startswith("maxvit"):
        return timm.create_model(name, num_classes=classes, img_size=EVEN)
    if timm.is_model(name):
        return timm.create_model(name, num_classes=classes, drop_rate=0.0)
    model = torchvision.models.get_model(name, num_classes=classes)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def folded(values):
    """FOLDS sums: value i, times a weight of its own, goes into sum i % FOLDS."""
    sums = [0.0] * FOLDS
    for i, value in enumerate(values):
        sums[i % FOLDS] += value.item() * (1 + i / 1000)
    return [float(f"{s:.12g}") for s in sums]


def size_of(name):
    if name.startswith(("maxvit", "dla")):
        return EVEN
    return (32, 36) if name in models_cifar.NETWORKS else SIZES.get(name, IMAGENET)


def brief(name):
    with torch.device("meta"):
        model = reference(name)
    height, width = size_of(name)
    return {"name": name, "height": height, "width": width, "signature": signature(model),
            "parameters": sum(p.numel() for p in model.parameters())}


def record(name):
    height, width = size_of(name)
    model = reference(name).double()
    fill(model)
    images = uniform("images", (BATCH, 3, height, width))
    with torch.no_grad():
        evaluated = model.eval()(images)
    logits = model.train()(images)
    (logits * uniform("loss", (BATCH, CLASSES))).sum().backward()
    named = sorted((n, p.grad) for n, p in model.named_parameters())
    statistics = sorted((n, b) for n, b in model.named_buffers() if "running" in n)
    return {
        "name": name, "height": height, "width": width, "folds": FOLDS,
        "signature": signature(model),
        "parameters": sum(p.numel() for p in model.parameters()),
        "eval_logits": [number(v) for v in evaluated.flatten()],
        "train_logits": [number(v) for v in logits.flatten()],
        "gradient_norms": folded(g.norm() for _, g in named),
        "gradient_projections": folded((g * uniform(n + ".gradient", tuple(g.shape))).sum()
                                       for n, g in named),
        "statistics_projections": folded((b * uniform(n + ".statistics", tuple(b.shape))).sum()
                                         for n, b in statistics),
    }


def main():
    file = FOLDER / "models_zoo.json"
    rows = {row["name"]: row for row in json.loads(file.read_text())} if file.exists() else {}
    for name in sys.argv[1:] or NAMES:
        torch.manual_seed(0)
        rows[name] = (brief if name in LARGE else record)(name)
        print(name, rows[name]["parameters"], flush=True)
        lines = ",\n".join(json.dumps(rows[n], separators=(",", ":")) for n in NAMES if n in rows)
        file.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
