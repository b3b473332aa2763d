"""The airbench network on CIFAR-10 in Python PyTorch: what configs/cifar10.yaml is measured against.

    python bench/cifar10_peer.py --data data/cifar10-jpeg --cache /tmp/cifar10 --json peer.json

Same network, data, augmentation, optimizer, schedule, batch and epochs as configs/cifar10.yaml,
written as a good PyTorch user would: images decoded once into memory, a batch augmented by tensor
operations, channels_last, bf16 autocast, torch.optim.SGD(fused=True). Training time is that of the
steps alone: without reading the data, the whitening filters and the evaluations.
"""

import argparse
import json
import multiprocessing
import pathlib
import resource
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from same_work import torch_work

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
PAD = 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True,
                        help="folder with train/<class>/ and test/<class>/")
    parser.add_argument("--cache", type=pathlib.Path, help="folder for the decoded images as .npy")
    parser.add_argument("--epochs", type=float, default=10)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=0, help="0: all that torch finds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--lr", type=float, default=1.5)
    parser.add_argument("--momentum", type=float, default=0.85)
    parser.add_argument("--weight-decay", type=float, default=1.33e-3)
    parser.add_argument("--bias-factor", type=float, default=64,
                        help="on the rate of the norms' biases; their decay is divided by it")
    parser.add_argument("--warmup-epochs", type=float, default=2.3)
    parser.add_argument("--warmup-start", type=float, default=0.2)
    parser.add_argument("--final-factor", type=float, default=0.07)
    parser.add_argument("--label-smoothing", type=float, default=0.2)
    parser.add_argument("--max-steps", type=int, default=0, help="stop early; the schedule stays")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here")
    return parser.parse_args()


# Data


def decode(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def read_split(folder, cache):
    """uint8 [N, 3, 32, 32] and int64 [N], classes in the order of their names."""
    if cache and (cache / f"{folder.name}-images.npy").exists():
        images = np.load(cache / f"{folder.name}-images.npy")
        return torch.from_numpy(images), torch.from_numpy(np.load(cache / f"{folder.name}-labels.npy"))
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(file, label) for label, path in enumerate(classes) for file in sorted(path.iterdir())]
    with multiprocessing.get_context("spawn").Pool() as pool:
        images = np.stack(pool.map(decode, [file for file, _ in files], chunksize=500))
    images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    labels = np.array([label for _, label in files])
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
        np.save(cache / f"{folder.name}-labels.npy", labels)
        np.save(cache / f"{folder.name}-images.npy", images)
    return torch.from_numpy(images), torch.from_numpy(labels)


class Normalize:
    """uint8 to float32 in channels_last, one multiplication and addition a pixel."""

    def __init__(self):
        self.scale = 1 / (255 * torch.tensor(STD)).view(1, 3, 1, 1)
        self.shift = (-torch.tensor(MEAN) / torch.tensor(STD)).view(1, 3, 1, 1)

    def __call__(self, images):
        images = images.to(torch.float32, memory_format=torch.channels_last)
        return images.mul_(self.scale).add_(self.shift)


class Augmentation:
    """Padding by reflection with a random crop; a flip that alternates from epoch to epoch."""

    def __init__(self, images, generator):
        # In chunks, because reflection wants floats: four times the memory.
        padded = torch.cat([F.pad(chunk.float(), (PAD,) * 4, mode="reflect").to(torch.uint8)
                            for chunk in images.split(1000)])
        self.windows = padded.unfold(2, 32, 1).unfold(3, 32, 1)
        self.flipped_first = torch.rand(len(images), generator=generator) < 0.5
        self.generator = generator
        self.normalize = Normalize()

    def __call__(self, indices, epoch):
        y, x = torch.randint(0, 2 * PAD + 1, (2, len(indices)), generator=self.generator)
        crops = self.windows[indices, :, y, x]
        flip = self.flipped_first[indices] ^ bool(epoch % 2)
        crops = torch.where(flip.view(-1, 1, 1, 1), crops.flip(-1), crops)
        return self.normalize(crops)


# Network


def convolution(inputs, outputs):
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    with torch.no_grad():
        nn.init.dirac_(layer.weight[: min(inputs, outputs)])
    return layer


def norm(channels):
    layer = nn.BatchNorm2d(channels, eps=1e-12, momentum=0.4)
    layer.weight.requires_grad_(False)
    return layer


def group(inputs, outputs):
    return nn.Sequential(convolution(inputs, outputs), nn.MaxPool2d(2), norm(outputs), nn.GELU(),
                         convolution(outputs, outputs), norm(outputs), nn.GELU())


class Airbench(nn.Module):
    def __init__(self, widths=(64, 256, 256), classes=10):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad_(False)
        inputs = (24,) + widths[:-1]
        self.groups = nn.Sequential(*(group(i, o) for i, o in zip(inputs, widths)))
        self.head = nn.Linear(widths[-1], classes, bias=False)

    def forward(self, x):
        x = self.groups(F.gelu(self.whiten(x)))
        return self.head(F.max_pool2d(x, 3).flatten(1)) / 9

    @torch.no_grad()
    def set_whitening(self, images, eps=5e-4):
        patches = F.unfold(images.double(), 2).transpose(1, 2).reshape(-1, 12)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (vectors / (values + eps).sqrt()).T.flip(0)
        self.whiten.weight.copy_(torch.cat((filters, -filters)).view(24, 3, 2, 2))


def make_optimizer(model, arguments):
    biases = [p for n, p in model.groups.named_parameters() if p.requires_grad and "bias" in n]
    chosen = {id(p) for p in biases}
    others = [p for p in model.parameters() if p.requires_grad and id(p) not in chosen]
    factor = arguments.bias_factor
    return torch.optim.SGD(
        [{"params": others},
         {"params": biases, "lr": arguments.lr * factor,
          "weight_decay": arguments.weight_decay / factor}],
        lr=arguments.lr, momentum=arguments.momentum, nesterov=True,
        weight_decay=arguments.weight_decay, fused=True)


def make_schedule(optimizer, arguments, steps_per_epoch, total_steps):
    warmup = min(round(arguments.warmup_epochs * steps_per_epoch), total_steps)

    def factor(step):
        if step < warmup:
            return arguments.warmup_start + (1 - arguments.warmup_start) * step / warmup
        return 1 + (arguments.final_factor - 1) * (step - warmup) / max(1, total_steps - warmup)

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


# Runs


@torch.no_grad()
def evaluate(model, images, labels, autocast):
    model.eval()
    normalize = Normalize()
    hits = 0
    for batch, target in zip(images.split(2000), labels.split(2000)):
        with autocast():
            hits += (model(normalize(batch)).argmax(1) == target).sum().item()
    model.train()
    return hits / len(labels)


def peak_memory_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def train(arguments):
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    generator = torch.Generator().manual_seed(arguments.seed)

    started = time.perf_counter()
    images, labels = read_split(arguments.data / "train", arguments.cache)
    test_images, test_labels = read_split(arguments.data / "test", arguments.cache)
    print(f"data read in {time.perf_counter() - started:.1f} s", flush=True)

    model = Airbench().to(memory_format=torch.channels_last)
    work = torch_work(model, images.shape[-1])
    sample = torch.randperm(len(images), generator=generator)[:5000]
    model.set_whitening(Normalize()(images[sample]))
    augmentation = Augmentation(images, generator)
    del images
    steps_per_epoch = len(labels) // arguments.batch
    total_steps = round(arguments.epochs * steps_per_epoch)
    last_step = min(arguments.max_steps or total_steps, total_steps)
    optimizer = make_optimizer(model, arguments)
    schedule = make_schedule(optimizer, arguments, steps_per_epoch, total_steps)
    autocast = lambda: torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16")

    epochs, step, train_time_s = [], 0, 0.0
    while step < last_step:
        epoch, epoch_started, first_step = len(epochs), time.perf_counter(), step
        order = torch.randperm(len(labels), generator=generator)
        for indices in order.split(arguments.batch)[:steps_per_epoch]:
            if step == last_step:
                break
            inputs = augmentation(indices, epoch)
            with autocast():
                loss = F.cross_entropy(model(inputs), labels[indices],
                                       label_smoothing=arguments.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
        seconds = time.perf_counter() - epoch_started
        train_time_s += seconds
        top1 = evaluate(model, test_images, test_labels, autocast)
        rate = (step - first_step) * arguments.batch / seconds
        epochs.append({"epoch": epoch + 1, "loss": loss.item(), "top1": top1, "time_s": seconds,
                       "images_per_s": rate})
        print(f"epoch {epoch + 1}  loss {loss.item():.3f}  top1 {top1:.4f}  {rate:,.0f} img/s  "
              f"{seconds:.1f} s", flush=True)
    return {"torch": torch.__version__, "threads": torch.get_num_threads(), "steps": step,
            "batch": arguments.batch, "precision": arguments.precision, "epochs": epochs,
            "train_time_s": train_time_s, "images_per_s": step * arguments.batch / train_time_s,
            "top1": epochs[-1]["top1"], "peak_memory_mib": peak_memory_mib(), **work}


def main():
    arguments = parse_arguments()
    result = train(arguments)
    print(f"trained {result['steps']} steps in {result['train_time_s']:.1f} s, "
          f"{result['images_per_s']:,.0f} img/s, top1 {result['top1']:.4f}, "
          f"peak memory {result['peak_memory_mib']:,.0f} MiB")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
