"""Writes tests/golden/metrics_multilabel.json: metrics of formula scores by numpy in float64.

    python tests/golden/metrics_multilabel.py

Average precision by its definition, precision summed over the gains in recall at every distinct
score; scikit-learn and torchmetrics are asserted to agree where they are installed. The same
formulas are in tests/metrics/multilabel_test.cpp. Scores are multiples of 1/4 with many ties.
"""

import json
import pathlib

import numpy as np


def f1_of(hits, predicted, present):
    return 2 * hits / (predicted + present) if predicted + present else 0.0


def class_figures(logits, present, threshold):
    p = 1 / (1 + np.exp(-logits))
    predicted = p >= threshold
    hits = int((predicted & present).sum())
    average, recall, best_f1, best_threshold = 0.0, 0.0, 0.0, threshold
    scores = np.unique(logits)[::-1]
    for i, score in enumerate(scores):
        above = logits >= score
        true = int((above & present).sum())
        if not present.any():
            break
        average += true / above.sum() * (true / present.sum() - recall)
        recall = true / present.sum()
        f1 = f1_of(true, above.sum(), present.sum())
        if f1 > best_f1:
            next_p = 1 / (1 + np.exp(-scores[i + 1])) if i + 1 < len(scores) else 0.0
            best_f1, best_threshold = f1, (1 / (1 + np.exp(-score)) + next_p) / 2
    return [
        int(present.sum()),
        hits / predicted.sum() if predicted.any() else 0.0,
        hits / present.sum() if present.any() else 0.0,
        f1_of(hits, predicted.sum(), present.sum()),
        average,
        best_threshold,
        best_f1,
    ], (hits, int(predicted.sum()), int(present.sum()))


def case(images, classes, threshold):
    image, cls = np.arange(images)[:, None], np.arange(classes)[None, :]
    logits = ((image * 7 + cls * 5 + image * cls * 3) % 11) / 4 - 1
    present = (image * 5 + cls * 3 + image * image) % 7 < 1 + cls % 4
    present[:, 2:3] = False  # a class that no image has
    losses = (np.arange(images) % 8) / 8
    rows, counts = zip(*(class_figures(logits[:, c], present[:, c], threshold) for c in range(classes)))
    return {
        "images": images,
        "classes": classes,
        "threshold": threshold,
        "loss": losses.mean(),
        "map": float(np.mean([row[4] for row in rows if row[0]])) if present.any() else 0.0,
        "f1_micro": f1_of(*np.sum(counts, axis=0)),
        "f1_macro": float(np.mean([row[3] for row in rows])),
        "per_class": [[float(x) for x in row] for row in rows],
    }, logits, present


def check_against_others(golden, logits, present):
    p = 1 / (1 + np.exp(-logits))
    measured = present.any(0)
    if measured.sum() < 2:
        return
    try:
        from sklearn.metrics import average_precision_score, f1_score

        ours = [row[4] for row in golden["per_class"] if row[0]]
        theirs = average_precision_score(present[:, measured], p[:, measured], average=None)
        np.testing.assert_allclose(np.atleast_1d(theirs), ours, rtol=1e-12)
        for average in ("micro", "macro"):
            theirs = f1_score(present, p >= golden["threshold"], average=average, zero_division=0)
            np.testing.assert_allclose(theirs, golden["f1_" + average], rtol=1e-12)
        print("scikit-learn agrees")
    except ImportError:
        print("scikit-learn is not installed: nothing was compared with it")
    try:
        import torch
        from torchmetrics.functional.classification import multilabel_average_precision

        # Of a class that no image has they take 0 into the mean, which ours leaves out.
        theirs = multilabel_average_precision(
            torch.tensor(p[:, measured]),
            torch.tensor(present[:, measured]).int(),
            int(measured.sum()),
            average="macro",
        )
        np.testing.assert_allclose(theirs.item(), golden["map"], rtol=1e-6)
        print("torchmetrics agrees")
    except ImportError:
        print("torchmetrics is not installed: nothing was compared with it")


if __name__ == "__main__":
    cases = []
    for arguments in [(97, 13, 0.5), (41, 7, 0.65), (23, 3, 0.4), (1, 6, 0.5), (9, 1, 0.5)]:
        golden, logits, present = case(*arguments)
        check_against_others(golden, logits, present)
        cases.append(golden)
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
