"""How long the stages of a pipeline are idle, against (p - 1) / (m + p - 1).

    python bench/pipeline_bubble.py --stages 2

Trains a perceptron whose stages are alike, each on a core of its own, with more and more micro-batches
a step. "wait" is the share of a step in which the first stage waits for others (exchange_wait_s of
metrics.jsonl); "bubble" is what of the step's time more micro-batches would not take: 1 - m t / T(m),
where t is the time that each micro-batch adds, the slope of T between the last two rows. Medians over
the log lines behind the first.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].replace("\n", " "))
    parser.add_argument("--stoker", default=str(HERE.parent / "build" / "stoker"))
    parser.add_argument("--stages", type=int, default=2)
    parser.add_argument("--layers", type=int, default=6, help="of each stage")
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--images", type=int, default=64, help="of a micro-batch")
    parser.add_argument("--counts", type=int, nargs="*", default=[1, 2, 4, 8, 16],
                        help="micro-batches a step")
    parser.add_argument("--steps", type=int, default=12)
    return parser.parse_args()


def train(arguments, folder, count):
    """Median seconds of a step, and of its waiting."""
    layers = arguments.layers * arguments.stages
    batch = count * arguments.images
    # What every stage has beside its layers is small: images of 8x8, 8 classes.
    (folder / "deep.yaml").write_text(f"""\
data: {{format: {{name: shapes, size: 8, train_images: {4 * batch}, val_images: 8}}}}
augment: [normalize: {{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}]
model: {{name: mlp, hidden: [{", ".join([str(arguments.width)] * layers)}], dropout: 0}}
optimizer: {{name: sgd, lr: 0.0001, momentum: 0}}
train: {{epochs: 1000, max_steps: {arguments.steps}, batch_size: {batch}, microbatch: {arguments.images}, precision: fp32}}
eval: {{every_epochs: 0}}
log: {{every_steps: 1}}
dist:
  mesh: {{pipeline: {arguments.stages}}}
  pipeline: {{split: [{", ".join(f"layer{arguments.layers * s + 1}" for s in range(1, arguments.stages))}]}}
""")
    done = subprocess.run([arguments.stoker, "train", "deep.yaml", f"name=m{count}", "--devices",
                           f"cpu:{arguments.stages}"], cwd=folder, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    lines = (folder / "runs" / f"m{count}" / "1" / "metrics.jsonl").read_text().splitlines()
    records = [r for r in map(json.loads, lines) if r["split"] == "train"][3:]
    return (statistics.median(batch / r["images_per_s"] for r in records),
            statistics.median(r["exchange_wait_s"] for r in records))


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="stoker-bench-") as name:
        rows = [(count, *train(arguments, pathlib.Path(name), count))
                for count in arguments.counts]
    (m1, t1, _), (m2, t2, _) = rows[-2:]
    slope = (t2 - t1) / (m2 - m1)
    p = arguments.stages
    print(f"{p} stages; a micro-batch of {arguments.images} adds {1000 * slope:.1f} ms\n"
          "micro-batches   step ms    wait   bubble   (p-1)/(m+p-1)")
    for count, step, wait in rows:
        print(f"{count:13}{1000 * step:10.1f}{100 * wait / step:7.1f}%"
              f"{100 * (1 - count * slope / step):8.1f}%{100 * (p - 1) / (count + p - 1):15.1f}%")


if __name__ == "__main__":
    main()
