"""One rank of a training step by PyTorch's DistributedDataParallel; torchrun starts it."""

import argparse
import json
import os
import time

import torch
import torch.distributed
import torchvision
from torch.nn.parallel import DistributedDataParallel

from same_work import torch_work


def main():
    parser = argparse.ArgumentParser()
    for name in ("size", "batch", "classes", "steps", "threads"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--precision", required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.distributed.init_process_group("gloo")
    ranks, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    # As stoker shares the processors out.
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[rank * len(cpus) // ranks:(rank + 1) * len(cpus) // ranks])

    model = torchvision.models.resnet18(num_classes=arguments.classes)
    model = model.to(memory_format=torch.channels_last)
    share = arguments.batch // ranks
    images = torch.randn(share, 3, arguments.size, arguments.size)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(share) % arguments.classes
    work = torch_work(model, arguments.size)
    model = DistributedDataParallel(model, gradient_as_bucket_view=True, static_graph=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True,
                                weight_decay=1e-4, fused=True)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)

    times = []
    for _ in range(4 + arguments.steps):
        begin = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16"):
            loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
        times.append(time.perf_counter() - begin)
    times = sorted(times[4:])
    if rank == 0:
        print(json.dumps({"images_per_s": arguments.batch / times[len(times) // 2], **work}))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
