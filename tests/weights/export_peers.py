"""Weights under torchvision's names load into torchvision's networks, which give the same logits.

    python tests/weights/export_peers.py build/tests/model_tool
"""

import pathlib
import subprocess
import sys
import tempfile

import torch
import torchvision
from safetensors.torch import load_file, save_file

tool = sys.argv[1]
CLASSES = 11
SIDE = 224
# Whose names alone are compared: the same rules as a smaller one's, and seconds to fill.
LARGE = ("vit_l", "vit_large", "convnext_large", "vgg16", "vgg19", "swin_b")
# One of each family, whose logits are compared, and the side of the images.
COMPARED = {"shufflenet_v2_x0_5": 64, "regnetx_008": 64, "regnety_004": 64, "mobilenetv2_100": 64,
            "efficientnet_b0": 64, "convnext_tiny": 64, "swin_tiny_patch4_window7_224": SIDE}


def run(*words):
    return subprocess.run([tool, *map(str, words)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def check_names(row, name):
    # RegNets compute their widths with tensors, which "meta" has no numbers for.
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        model = torchvision.models.get_model(name)
    theirs = sorted(f"{key} {list(value.shape)}" for key, value in model.state_dict().items())
    assert sorted(run("theirs", row, SIDE).splitlines()) == theirs, f"{row}: names or shapes differ"


def check_logits(row, name, side, folder):
    """float32 sums in another order differ by a few units of the last place."""
    ours, weights, pictures, logits = (folder / f"{word}.safetensors" for word in "owil")
    torch.manual_seed(5)
    images = torch.rand(2, 3, side, side)
    save_file({"images": images}, pictures)
    run("both", row, CLASSES, side, ours, weights)
    run("logits", row, CLASSES, ours, pictures, logits)
    model = torchvision.models.get_model(name, num_classes=CLASSES).eval()
    model.load_state_dict(load_file(weights), strict=True)
    with torch.no_grad():
        expected = model(images)
    scale = expected.abs().max()
    assert scale > 0, f"{row}: every logit is 0"
    torch.testing.assert_close(load_file(logits)["logits"] / scale, expected / scale, rtol=1e-4,
                               atol=2e-5)


peers = dict(line.split() for line in run("peers").splitlines())
assert len(peers) > 50, peers
for row, name in peers.items():
    if not row.startswith(LARGE):
        check_names(row, name)
with tempfile.TemporaryDirectory() as name:
    for row, side in COMPARED.items():
        check_logits(row, peers[row], side, pathlib.Path(name))
print(f"torchvision: {', '.join(peers)}")
