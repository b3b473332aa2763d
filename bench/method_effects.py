#!/usr/bin/env python3
"""What each loss, optimizer and algorithm of docs/algorithms.md does to a short training on shapes.

    bench/method_effects.py build/stoker --out effects [--seeds 3] [--only 'mixup|sam'] [--epochs 8]

Trains configs/quickstart.yaml on 1,000 images, so that something is left to gain, plainly and with
each method in turn; the same seeds for all. Prints a Markdown table: top-1 and loss of validation,
means and standard deviations over the seeds, the difference of top-1 to the plain runs by seed, and
the time of a step beside theirs. Runs that are in --out already are not made again, so that a stopped
measurement goes on. Methods have usual settings that nobody has tuned for this: the table says what to
expect without work, not what is best.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
CONFIG = REPOSITORY / "configs/quickstart.yaml"
TEACHER = "TEACHER"  # in an override: a run on 8,000 images, longer


def optimizer(text):
    return [f"optimizer={text}"]


SOFT_START = ["schedule={name: cosine, warmup_epochs: 1}"]
METHODS = {
    "plain (sgd, cross_entropy, smoothing 0.1)": [],
    "no label smoothing": ["train.label_smoothing=0"],
    "loss focal": ["train.loss=focal"],
    "loss poly1": ["train.loss=poly1"],
    "loss bce, summed": ["train.loss={name: bce, sum_classes: true}"],
    "loss asymmetric": ["train.loss=asymmetric", "train.label_smoothing=0"],
    "loss sigmoid_focal": ["train.loss=sigmoid_focal", "train.label_smoothing=0"],
    "adamw": optimizer("{name: adamw, lr: 0.005, weight_decay: 0.05}") + SOFT_START,
    "nadamw": optimizer("{name: nadamw, lr: 0.005, weight_decay: 0.05}") + SOFT_START,
    "radamw": optimizer("{name: radamw, lr: 0.005, weight_decay: 0.05}") + SOFT_START,
    "rmsprop_tf": optimizer("{name: rmsprop_tf, lr: 0.002}") + SOFT_START,
    "lion": optimizer("{name: lion, lr: 0.001, weight_decay: 0.2}") + SOFT_START,
    "lamb": optimizer("{name: lamb, lr: 0.02, weight_decay: 0.02, no_decay_norm_bias: true}")
    + SOFT_START,
    "lars": optimizer("{name: lars, lr: 2, weight_decay: 0.0001, no_decay_norm_bias: true}")
    + SOFT_START,
    "adafactor": optimizer("{name: adafactor, lr: 0.01}") + SOFT_START,
    "muon": optimizer("{name: muon, lr: 0.05, weight_decay: 0.01, rest: {name: adamw, lr: 0.005}}")
    + SOFT_START,
    "schedule_free_adamw": optimizer("{name: schedule_free_adamw, lr: 0.01, weight_decay: 0.05}")
    + ["schedule={name: constant, warmup_epochs: 1}"],
    "adamw, lookahead": optimizer(
        "{name: adamw, lr: 0.005, weight_decay: 0.05, lookahead: {every_steps: 6}}")
    + SOFT_START,
    "clip_grad_norm 1": ["train.clip_grad_norm=1"],
    "clip_adaptive 0.05": ["train.clip_adaptive.factor=0.05"],
    "ema": ["algorithms=[ema: {decay: 0.95}]"],
    "swa": ["algorithms=[swa: {start: 0.6, lr: 0.3}]"],
    "mixup": ["algorithms=[mixup: {alpha: 0.2}]"],
    "cutmix": ["algorithms=[cutmix: {probability: 0.5}]"],
    "fmix": ["algorithms=[fmix: {probability: 0.5}]"],
    "cutout (random_erasing)": ["augment.3=random_erasing: {scale: [0.25, 0.25], ratio: [1, 1], "
                                "fill: mean}"],
    "distillation": [f"algorithms=[distillation: {{teacher: {TEACHER}}}]"],
    "sam": ["algorithms=[sam]"],
    "asam": ["algorithms=[asam]"],
    "progressive_resizing": ["progressive_resizing={initial_scale: 0.7}"],
}


def train(stoker, out, name, overrides, epochs, images):
    """The run's folder; trained unless it has ended already."""
    run = out / name / "1"
    if (run / "summary.json").exists():
        return run
    command = [stoker, "train", CONFIG, f"name={name}", f"run.dir={out}", f"train.epochs={epochs}",
               f"data.format.train_images={images}", "train.batch_size=64", "log.tensorboard=false",
               "log.progress=false", "log.evaluation=false", "optimizer.lr=0.5", *overrides]
    command = [str(word) for word in command]
    for unfinished in (out / name).glob("*"):
        raise SystemExit(f"{unfinished}: a run that did not end: remove it")
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        print(f"{name}: failed: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return run


def figures(run):
    summary = json.loads((run / "summary.json").read_text())
    return (100 * summary["final"]["val.top1"], summary["final"]["val.loss"],
            summary["train_time_s"])


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else float("nan")


def measure(arguments, out):
    stoker = arguments.stoker.resolve()
    wanted = {name: overrides for name, overrides in METHODS.items()
              if name.startswith("plain") or re.search(arguments.only, name)}
    if any(TEACHER in word for overrides in wanted.values() for word in overrides):
        teacher = train(stoker, out, "teacher", ["seed=1000"], arguments.epochs, 8000)
        if teacher is None:
            raise SystemExit("without the teacher distillation cannot be measured")
    results = {}
    for name, overrides in wanted.items():
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        runs = {}
        for seed in range(1, arguments.seeds + 1):
            own = [word.replace(TEACHER, str(teacher)) if TEACHER in word else word
                   for word in overrides]
            run = train(stoker, out, f"{slug}_{seed}", [*own, f"seed={seed}"], arguments.epochs,
                        1000)
            if run is not None:
                runs[seed] = figures(run)
        if runs:
            results[name] = runs
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the runs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=8)
    parser.add_argument("--only", default="", help="a regular expression of method names")
    arguments = parser.parse_args()
    results = measure(arguments, arguments.out.resolve())
    plain = results.get(next(iter(METHODS)))
    if plain is None:
        raise SystemExit("no plain run ended, so there is nothing to compare with")
    plain_time = statistics.median(time for _, _, time in plain.values())
    print("| method | top-1, % | difference | loss | time |\n|---|---|---|---|---|")
    for name, runs in results.items():
        top1, loss, times = zip(*runs.values())
        difference = [runs[seed][0] - plain[seed][0] for seed in runs if seed in plain]
        shown = (f"{statistics.mean(difference):+.2f} ± {spread(difference):.2f}"
                 if difference else "")
        print(f"| {name} | {statistics.mean(top1):.2f} ± {spread(top1):.2f} | "
              f"{'' if runs is plain else shown} | {statistics.mean(loss):.3f} | "
              f"{statistics.median(times) / plain_time:.2f} |")


if __name__ == "__main__":
    main()
