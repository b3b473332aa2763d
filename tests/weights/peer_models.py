"""Weights go to torchvision's or timm's models and come from them: names, shapes and logits agree.

    python tests/weights/peer_models.py torchvision build/tests/model_tool
"""

import importlib
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file

peer, tool = sys.argv[1:]
CLASSES = 11


def run(*words):
    return subprocess.run([tool, *map(str, words)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def build(name, classes):
    if peer == "timm":
        return importlib.import_module("timm").create_model(name, num_classes=classes)
    return getattr(importlib.import_module("torchvision.models"), name)(num_classes=classes)


def has(name):
    package = importlib.import_module("timm" if peer == "timm" else "torchvision.models")
    return package.is_model(name) if peer == "timm" else hasattr(package, name)


def check_names(name):
    with torch.device("meta"):
        theirs = {key: list(value.shape) for key, value in build(name, 1000).state_dict().items()}
    ours = [f"{key} {shape}" for key, shape in theirs.items()]
    assert run("names", name).splitlines() == ours, f"{name}: names, order or shapes differ"


def check_logits(name, folder, prefix):
    """Both directions; float32 sums in another order differ by a few units of the last place."""
    torch.manual_seed(5)
    images = torch.rand(2, 3, 61, 75)
    weights, pictures, logits = (folder / f"{word}.safetensors" for word in ("w", "i", "l"))
    model = build(name, CLASSES).eval()
    save_file({"images": images}, pictures)

    run("write", name, CLASSES, weights)
    model.load_state_dict(load_file(weights))
    with torch.no_grad():
        expected = model(images)
    run("logits", name, CLASSES, weights, pictures, logits)
    torch.testing.assert_close(load_file(logits)["logits"], expected, rtol=1e-4, atol=1e-5)

    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.03)
    with torch.no_grad():
        expected = model(images)
    state = {prefix + key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, weights)
    run("logits", name, CLASSES, weights, pictures, logits)
    scale = expected.abs().max()
    torch.testing.assert_close(load_file(logits)["logits"] / scale, expected / scale, rtol=1e-4,
                               atol=1e-5)


def check_folded(folder):
    """RepVGG as one convolution a block is timm's own form for inference."""
    from timm.utils.model import reparameterize_model
    ours, folded = (folder / f"{word}.safetensors" for word in ("ours", "folded"))
    run("folded", "repvgg_a0", CLASSES, ours, folded)
    model = build("repvgg_a0", CLASSES).eval()
    model.load_state_dict(load_file(ours))
    images = torch.rand(2, 3, 61, 75)
    with torch.no_grad():
        expected = model(images)
        model = reparameterize_model(model)
        model.load_state_dict(load_file(folded))
        made = model(images)
    scale = expected.abs().max()
    torch.testing.assert_close(made / scale, expected / scale, rtol=1e-4, atol=1e-5)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    rows = list(filter(has, run("rows").split()))
    assert len(rows) >= 7, rows
    for row in rows:
        check_names(row)
    check_logits("resnet18", folder, "")
    if peer == "timm":
        check_folded(folder)
    # As Lightning writes what DistributedDataParallel wrapped.
    check_logits("resnext50_32x4d", folder, "state_dict.model.module.")
print(f"{peer}: {', '.join(rows)}")
