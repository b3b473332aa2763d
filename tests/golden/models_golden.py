"""Writes models_resnet.json, models_airbench.json and models_mlp.json beside this file.

Reference networks (torchvision's, timm's, and our own few lines of PyTorch for the others) with weights and
images from a formula of name and index, which tests/models/golden.h repeats; so only logits and sums
over gradients are stored. Everything is in float64: what differs is the mathematics, not rounding.

    pip install torch==2.11.0 torchvision==0.26.0 timm==1.0.31 && python tests/golden/models_golden.py
"""

import hashlib
import json
import pathlib

import numpy as np
import timm
import torch
import torchvision
from timm.layers import BlurPool2d
from torch import nn

FOLDER = pathlib.Path(__file__).parent
BATCH, CLASSES = 2, 5


def uniform(name, shape):
    """Numbers in [-1, 1): splitmix64 of FNV-1a(name) and the flat index, 24 bits."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    count = int(np.prod(shape, dtype=np.int64))
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0
    return torch.from_numpy(u.reshape(shape))


def fill(model):
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            u = uniform(name, tuple(tensor.shape))
            if name.endswith("num_batches_tracked"):
                tensor.zero_()
            elif name.endswith("running_var"):
                tensor.copy_(1 + 0.5 * u)
            elif name.endswith("gain"):  # of a filter, which is no filter itself
                tensor.copy_(0.5 + 0.1 * u)
            elif tensor.dim() > 1:
                tensor.copy_((6.0 / tensor[0].numel()) ** 0.5 * u)
            elif name.endswith("weight"):
                tensor.copy_(0.5 + 0.1 * u)
            else:
                tensor.copy_(0.1 * u)


def number(value):
    return float(f"{value.item():.12g}")


def signature(model):
    lines = sorted(f"{n} {list(t.shape)}\n".replace(" [", " ").replace("]", "").replace(", ", "x")
                   for n, t in model.state_dict().items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def record(model, channels, height, width):
    model = model.double()
    fill(model)
    images = uniform("images", (BATCH, channels, height, width))
    with torch.no_grad():
        evaluated = model.eval()(images)
    logits = model.train()(images)
    (logits * uniform("loss", (BATCH, CLASSES))).sum().backward()
    named = [(n, p.grad) for n, p in model.named_parameters() if p.requires_grad]
    statistics = sorted((n, b) for n, b in model.named_buffers() if "running" in n)
    return {
        "eval_logits": [number(v) for v in evaluated.flatten()],
        "train_logits": [number(v) for v in logits.flatten()],
        "gradient_norms": [number(g.norm()) for n, g in sorted(named)],
        "gradient_projections": [
            number((g * uniform(n + ".gradient", tuple(g.shape))).sum()) for n, g in sorted(named)
        ],
        "statistics_projections": [
            number((b * uniform(n + ".statistics", tuple(b.shape))).sum()) for n, b in statistics
        ],
        "signature": signature(model),
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }


def write(name, cases):
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (FOLDER / f"models_{name}.json").write_text(f"[\n{lines}\n]\n")


def resnets():
    imagenet = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "wide_resnet50_2",
                "resnext50_32x4d"]
    for name, stem in [(n, "imagenet") for n in imagenet] + [
            ("resnet18", "cifar"), ("resnet50", "cifar"), ("resnext50_32x4d", "cifar")]:
        model = torchvision.models.get_model(name, num_classes=CLASSES)
        height, width = 33, 40
        if stem == "cifar":
            model.conv1 = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
            model.maxpool = nn.Identity()
            height, width = 12, 20
        yield {"name": name, "stem": stem, "height": height, "width": width,
               **record(model, 3, height, width)}
    for name in ("resnet18", "resnet50d"):
        model = timm.create_model(name, num_classes=CLASSES, aa_layer=BlurPool2d, act_layer=nn.SiLU)
        yield {"name": name, "stem": "imagenet", "blurred": True, "height": 33, "width": 40,
               **record(model, 3, 33, 40)}


class Group(nn.Module):
    def __init__(self, inputs, outputs, activation, momentum, convolutions):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding="same", bias=False)
        self.norm1 = Norm(outputs, momentum)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding="same", bias=False)
        self.norm2 = Norm(outputs, momentum)
        if convolutions == 3:
            self.conv3 = nn.Conv2d(outputs, outputs, 3, padding="same", bias=False)
            self.norm3 = Norm(outputs, momentum)
        self.activation = activation

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x), 2)
        x = self.activation(self.norm1(x))
        y = self.activation(self.norm2(self.conv2(x)))
        return self.activation(self.norm3(self.conv3(y)) + x) if hasattr(self, "conv3") else y


class Norm(nn.BatchNorm2d):
    """Batch normalization that learns no scale."""

    def __init__(self, channels, momentum):
        super().__init__(channels, eps=1e-12, momentum=momentum)
        self.weight = None


class Airbench(nn.Module):
    def __init__(self, widths, activation, momentum, channels, features, scaling, whiten,
                 convolutions=2):
        super().__init__()
        whitened = 2 * channels * 2 * 2
        self.activation = activation
        self.scaling = scaling
        self.whiten = nn.Conv2d(channels, whitened, 2)
        self.whiten.weight.requires_grad = not whiten
        self.groups = nn.Sequential(*(Group(i, o, activation, momentum, convolutions)
                                      for i, o in zip([whitened] + widths, widths)))
        self.head = nn.Linear(features, CLASSES, bias=False)

    def forward(self, x):
        x = self.groups(self.activation(self.whiten(x)))
        return self.head(nn.functional.max_pool2d(x, 3).flatten(1)) * self.scaling


ACTIVATIONS = {"relu": nn.functional.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
               "gelu": nn.functional.gelu, "silu": nn.functional.silu}


def airbenches():
    for widths, activation, momentum, scaling, whiten, channels, height, width, features, convs in [
            ([64, 256, 256], "gelu", 0.4, 1 / 9, True, 3, 32, 32, 256, 2),
            ([16, 24, 40, 8], "silu", 0.1, 0.5, True, 1, 49, 97, 8 * 1 * 2, 2),
            ([20], "relu", 0.3, 2.0, False, 4, 7, 13, 20 * 1 * 2, 2),
            ([24, 40], "gelu", 0.1, 0.25, True, 3, 14, 26, 40 * 1 * 2, 3)]:
        model = Airbench(widths, ACTIVATIONS[activation], momentum, channels, features, scaling,
                         whiten, convs)
        yield {"widths": widths, "activation": activation, "momentum": momentum,
               "scaling": scaling, "convolutions": convs, "whiten": whiten, "channels": channels, "height": height,
               "width": width, **record(model, channels, height, width)}


def whitening():
    """Of images whose channels and neighbours correlate, so that eigenvalues differ."""
    images = uniform("whitening", (7, 3, 9, 8)).numpy()
    images[:, 1] += 0.7 * images[:, 0]
    images[:, :, :, 1:] += 0.5 * images[:, :, :, :-1].copy()
    images[:, :, 1:] -= 0.3 * images[:, :, :-1].copy()
    patches = np.stack([images[:, c, y:y + 8, x:x + 7].ravel()
                        for c in range(3) for y in range(2) for x in range(2)])
    values, vectors = np.linalg.eigh(patches @ patches.T / patches.shape[1])
    filters = (vectors / np.sqrt(values + 5e-4)).T[::-1]
    filters = filters * np.sign(filters[:, :1])  # first element positive
    return {"whitening": [number(v) for v in filters.ravel()]}


class Layer(nn.Module):
    def __init__(self, inputs, outputs, activation, batch_norm):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        if batch_norm:
            self.norm = nn.BatchNorm1d(outputs)
        self.activation = activation

    def forward(self, x):
        x = self.linear(x)
        return self.activation(self.norm(x) if hasattr(self, "norm") else x)


class Mlp(nn.Module):
    def __init__(self, hidden, activation, batch_norm, inputs):
        super().__init__()
        self.depth = len(hidden)
        for i, width in enumerate(hidden):
            self.add_module(f"layer{i + 1}", Layer(inputs, width, activation, batch_norm))
            inputs = width
        self.head = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        x = x.flatten(1)
        for i in range(self.depth):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.head(x)


def mlps():
    for hidden, activation, batch_norm in [
            ([], "relu", False), ([13], "relu", False), ([13, 7], "sigmoid", True),
            ([11], "tanh", True), ([6, 17, 9], "gelu", False), ([12], "silu", True)]:
        model = Mlp(hidden, ACTIVATIONS[activation], batch_norm, 2 * 6 * 5)
        yield {"hidden": hidden, "activation": activation, "batch_norm": batch_norm,
               "channels": 2, "height": 6, "width": 5, **record(model, 2, 6, 5)}


if __name__ == "__main__":
    torch.manual_seed(0)
    write("resnet", resnets())
    write("airbench", [*airbenches(), whitening()])
    write("mlp", mlps())
