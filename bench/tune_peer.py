"""The batch that another library's finder chooses for torchvision's resnet18 on the CPU below a cap, and
the rate that it trains at.

    python bench/tune_peer.py --finder power --cap-gib 2

Prints one JSON object: batch, seconds to the answer, images/s of training steps with it, parameters and
GFLOPs an image. The cap is one on the process's address space beyond what it has when the search begins, the nearest to a
full GPU that a CPU has.
"""

import argparse
import json
import logging
import pathlib
import resource
import statistics
import sys
import tempfile
import time
import warnings

import torch
import torch.nn.functional as F
import torchvision

from same_work import torch_work


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--finder", choices=("power", "binsearch", "ultralytics"), required=True)
    parser.add_argument("--cap-gib", type=float, default=2)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--steps", type=int, default=5)
    return parser.parse_args()


def cap_memory(gib):
    used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + int(gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def by_lightning(mode, model, arguments):
    import pytorch_lightning as lightning
    from pytorch_lightning.callbacks import BatchSizeFinder

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model, self.batch_size = model, 2

        def training_step(self, batch, _):
            images, labels = batch
            return F.cross_entropy(self.model(images), labels)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=1e-3, momentum=0.9)

        def train_dataloader(self):
            size = (3, arguments.size, arguments.size)
            data = torch.utils.data.TensorDataset(
                torch.zeros(1, *size).expand(arguments.images, *size),
                torch.zeros(arguments.images, dtype=torch.int64))
            return torch.utils.data.DataLoader(data, batch_size=self.batch_size)

    class StopAfterSearch(BatchSizeFinder):
        def on_fit_start(self, trainer, module):
            super().on_fit_start(trainer, module)
            raise StopIteration

    module = Module()
    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            accelerator="cpu", max_epochs=1, logger=False, enable_progress_bar=False,
            enable_checkpointing=False, enable_model_summary=False, default_root_dir=folder,
            callbacks=[StopAfterSearch(mode=mode)])
        cap_memory(arguments.cap_gib)
        begin = time.perf_counter()
        try:
            trainer.fit(module)
        except StopIteration:
            pass
        return module.batch_size, time.perf_counter() - begin


def by_ultralytics(model, arguments):
    from ultralytics.utils.autobatch import autobatch

    cap_memory(arguments.cap_gib)
    begin = time.perf_counter()
    batch = autobatch(model, imgsz=arguments.size)
    return batch, time.perf_counter() - begin


def rate(model, batch, arguments):
    """images/s of training steps, or None where they do not fit."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    images = torch.zeros(batch, 3, arguments.size, arguments.size)
    labels = torch.zeros(batch, dtype=torch.int64)
    times = []
    for _ in range(arguments.steps + 1):
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - begin)
    return batch / statistics.median(times[1:])


def main():
    arguments = parse_arguments()
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=arguments.classes)
    result = {"finder": arguments.finder, **torch_work(model, arguments.size)}
    try:
        if arguments.finder == "ultralytics":
            batch, seconds = by_ultralytics(model, arguments)
        else:
            batch, seconds = by_lightning(arguments.finder, model, arguments)
        result |= {"batch": batch, "seconds": seconds, "images_per_s": rate(model, batch, arguments)}
    except (RuntimeError, MemoryError) as error:
        result |= {"error": str(error).splitlines()[0][:200]}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
