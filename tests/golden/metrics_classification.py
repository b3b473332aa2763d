"""Writes tests/golden/metrics_classification.json: metrics of formula logits by numpy in float64.

    python tests/golden/metrics_classification.py

The same formulas are in tests/metrics/classification_test.cpp. Logits are multiples of 1/4, exact in
bfloat16, and have many ties; the order of equal logits is by class.
"""

import json
import pathlib

import numpy as np

BINS = 15


def case(images, classes):
    image, cls = np.arange(images)[:, None], np.arange(classes)[None, :]
    logits = ((image * 7 + cls * 5 + image * cls * 3) % 11) / 4 - 1
    labels = (np.arange(images) * 3 + np.arange(images) // 4) % classes
    losses = (np.arange(images) % 8) / 8

    order = np.argsort(-logits, axis=1, kind="stable")
    predicted = order[:, 0]
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    confidence = shifted.max(1) / shifted.sum(1)
    hits = predicted == labels

    ece = 0.0
    for b in range(BINS):
        inside = (confidence > b / BINS) & (confidence <= (b + 1) / BINS)
        if inside.any():
            ece += inside.mean() * abs(hits[inside].mean() - confidence[inside].mean())

    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)
    per_class = []
    for c in range(classes):
        true, guess, hit = confusion[c].sum(), confusion[:, c].sum(), confusion[c, c]
        precision = hit / guess if guess else 0.0
        recall = hit / true if true else 0.0
        f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
        per_class.append([int(true), float(precision), float(recall), float(f1)])
    return {
        "images": images,
        "classes": classes,
        "loss": losses.mean(),
        "top1": float(hits.mean()),
        "top5": float((order[:, :5] == labels[:, None]).any(1).mean()),
        "ece": ece,
        "confusion": confusion.tolist(),
        "per_class": per_class,
    }


if __name__ == "__main__":
    cases = [case(97, 13), case(41, 7), case(23, 3), case(5, 2), case(1, 6), case(9, 1)]
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
    for c in cases:
        print({k: v for k, v in c.items() if k not in ("confusion", "per_class")})
