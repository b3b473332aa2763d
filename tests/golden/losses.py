"""Writes tests/golden/losses.json: what PyTorch 2.11 computes in float64 for tests/losses.

    python tests/golden/losses.py

Where timm is installed, its losses are asserted to be the same.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

ROWS, CLASSES = 5, 7
LABELS = torch.tensor([0, 6, 3, 3, 1])
# Some of 40, where probabilities are 0 and 1 in float32.
# Multiples of 1/64: the same numbers in float32.
LOGITS = torch.arange(ROWS * CLASSES, dtype=torch.float64).mul(1.7).sin().mul(256).round().div(64)
LOGITS = LOGITS.view(ROWS, CLASSES)
LOGITS[2, 3], LOGITS[4, 2] = 40, 40
# Of several labels an image: none, one, four, all, two.
SETS = torch.zeros(ROWS, CLASSES, dtype=torch.float64)
SETS[1, 4] = SETS[2, 0] = SETS[2, 2] = SETS[2, 3] = SETS[2, 6] = SETS[4, 1] = SETS[4, 2] = 1
SETS[3] = 1
SHARES = 0.7 * F.one_hot(LABELS, CLASSES) + 0.3 * F.one_hot(LABELS.roll(1), CLASSES)
POSITIVES = torch.tensor([2, 0.5, 4, 1, 3, 0.125, 1.25], dtype=torch.float64)
WEIGHTS = torch.tensor([0.5, 2, 1, 3, 0.25, 1.5, 0.75], dtype=torch.float64)


def smoothed(targets, smoothing):
    shares = F.one_hot(targets, CLASSES) if targets.dim() == 1 else targets
    return (1 - smoothing) * shares.double() + smoothing / CLASSES


def cross_entropy(logits, targets, smoothing, weights):
    targets = targets.double() if targets.dim() == 2 else targets
    return F.cross_entropy(
        logits, targets, weight=weights, reduction="none", label_smoothing=smoothing
    )


def bce(logits, targets, smoothing, weights, positives=1.0, target_threshold=None, positive_weight=1.0, sum_classes=False):
    shares = smoothed(targets, smoothing)
    if target_threshold is not None:
        shares = (shares > target_threshold).double()
    positive = torch.full((CLASSES,), positive_weight, dtype=torch.float64) * positives
    costs = F.binary_cross_entropy_with_logits(
        logits, shares, weight=weights, pos_weight=positive, reduction="none"
    )
    return costs.sum(1) if sum_classes else costs.mean(1)


def focal(logits, targets, smoothing, weights, gamma=2.0):
    log_p = F.log_softmax(logits, 1)
    costs = -((1 - log_p.exp()) ** gamma) * log_p * smoothed(targets, smoothing)
    return (costs if weights is None else costs * weights).sum(1)


def poly1(logits, targets, smoothing, weights, epsilon=1.0):
    shares = smoothed(targets, smoothing)
    shares = shares if weights is None else shares * weights
    lacking = (shares * (1 - F.softmax(logits, 1))).sum(1)
    return cross_entropy(logits, targets, smoothing, weights) + epsilon * lacking


def asymmetric(logits, targets, smoothing, weights, positives=1.0, gamma_positive=1.0, gamma_negative=4.0, margin=0.05):
    shares = smoothed(targets, smoothing)
    p = torch.sigmoid(logits)
    q = (p - margin).clamp_min(0)
    present = -((1 - p) ** gamma_positive) * F.logsigmoid(logits)
    log_absent = torch.log1p(-q) if margin > 0 else F.logsigmoid(-logits)
    costs = positives * shares * present - (1 - shares) * q**gamma_negative * log_absent
    return (costs if weights is None else costs * weights).mean(1)


def sigmoid_focal(logits, targets, smoothing, weights, positives=1.0, gamma=2.0, alpha=None):
    shares = smoothed(targets, smoothing)
    p = torch.sigmoid(logits)
    yes, no = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    present = -yes * positives * shares * (1 - p) ** gamma * F.logsigmoid(logits)
    absent = -no * (1 - shares) * p**gamma * F.logsigmoid(-logits)
    costs = present + absent
    return (costs if weights is None else costs * weights).mean(1)


LOSSES = {f.__name__: f for f in (cross_entropy, bce, focal, poly1, asymmetric, sigmoid_focal)}
SEVERAL = ("bce", "asymmetric", "sigmoid_focal")  # that take several labels an image


def cases():
    options = [
        ("cross_entropy", {}),
        ("bce", {}),
        ("bce", {"target_threshold": 0.2}),
        ("bce", {"positive_weight": 3.0, "sum_classes": True}),
        ("focal", {}),
        ("focal", {"gamma": 0.5}),
        ("focal", {"gamma": 0.0}),
        ("poly1", {}),
        ("poly1", {"epsilon": -0.5}),
        ("asymmetric", {}),
        ("asymmetric", {"gamma_positive": 0.0, "gamma_negative": 2.0, "margin": 0.0}),
        ("sigmoid_focal", {}),
        ("sigmoid_focal", {"gamma": 1.5, "alpha": 0.25}),
    ]
    for name, chosen in options:
        for smoothing, is_mixed, is_weighted in [(0, 0, 0), (0.2, 0, 0), (0.1, 1, 0), (0.1, 1, 1), (0, 0, 1)]:
            yield name, chosen, smoothing, LABELS if not is_mixed else SHARES, bool(is_weighted), False
    for name in SEVERAL:
        for is_weighted, has_positives in [(False, False), (False, True), (True, True)]:
            yield name, {}, 0, SETS, is_weighted, has_positives


def run(name, options, smoothing, targets, is_weighted, has_positives):
    logits = LOGITS.clone().requires_grad_()
    extra = {"positives": POSITIVES} if has_positives else {}
    loss = LOSSES[name](
        logits, targets, smoothing, WEIGHTS if is_weighted else None, **extra, **options
    )
    loss.sum().backward()
    return {
        "loss": name,
        "options": options,
        "smoothing": smoothing,
        "targets": "labels" if targets is LABELS else "shares" if targets is SHARES else "sets",
        "weighted": is_weighted,
        "positives": has_positives,
        "values": loss.tolist(),
        "gradient": logits.grad.flatten().tolist(),
    }


def check_against_timm():
    try:
        from timm.loss import AsymmetricLossMultiLabel, BinaryCrossEntropy
    except ImportError:
        print("timm is not installed: nothing was compared with it")
        return
    theirs = AsymmetricLossMultiLabel(gamma_neg=4, gamma_pos=1, clip=0.05)
    hard = F.one_hot(LABELS, CLASSES).double()
    ours = CLASSES * asymmetric(LOGITS, LABELS, 0, None).mean()  # of timm 1.0.31; older ones add
    torch.testing.assert_close(theirs(LOGITS, hard).double(), ours, rtol=1e-5, atol=1e-5)
    for threshold, smoothing, targets in [(None, 0.1, LABELS), (0.2, 0.1, LABELS), (0.2, 0, SHARES)]:
        theirs = BinaryCrossEntropy(smoothing=smoothing, target_threshold=threshold)
        ours = bce(LOGITS, targets, smoothing, None, target_threshold=threshold).mean()
        torch.testing.assert_close(theirs(LOGITS, targets).double(), ours, rtol=1e-5, atol=1e-6)
    print("timm agrees")


def check_against_torchvision():
    try:
        from torchvision.ops import sigmoid_focal_loss
    except ImportError:
        print("torchvision is not installed: nothing was compared with it")
        return
    theirs = sigmoid_focal_loss(LOGITS, SETS, alpha=0.25, gamma=1.5).mean(1)
    torch.testing.assert_close(theirs, sigmoid_focal(LOGITS, SETS, 0, None, gamma=1.5, alpha=0.25))
    print("torchvision agrees")


if __name__ == "__main__":
    check_against_timm()
    check_against_torchvision()
    golden = {
        "logits": LOGITS.flatten().tolist(),
        "labels": LABELS.tolist(),
        "shares": SHARES.flatten().tolist(),
        "sets": SETS.flatten().tolist(),
        "weights": WEIGHTS.tolist(),
        "positives": POSITIVES.tolist(),
        "cases": [run(*case) for case in cases()],
    }
    rounded = json.loads(json.dumps(golden), parse_float=lambda text: float(f"{float(text):.9g}"))
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(rounded, separators=(",", ":")).replace('{"loss"', '\n{"loss"') + "\n")
