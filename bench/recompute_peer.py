"""Training steps of a torchvision ResNet with torch.utils.checkpoint around each block: what
`memory.checkpoint` is measured against.

    python bench/recompute_peer.py --model resnet18 --size 64 --batch 32 --checkpoint blocks

Prints one JSON object: images/s, the peak of live tensor memory above the weights, by how far the first
norm's running mean is from that of a run without checkpointing, parameters and GFLOPs an image.
"""

import argparse
import gc
import json
import statistics
import time

import torch
import torch.nn.functional as F
import torchvision
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint

from same_work import torch_work


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--checkpoint", choices=("none", "blocks"), default="none")
    parser.add_argument("--seconds", type=float, default=5, help="of steps that are timed")
    return parser.parse_args()


def checkpoint_blocks(model):
    """Each block of each stage but the last block, as memory.checkpoint: blocks does."""
    blocks = [b for stage in (model.layer1, model.layer2, model.layer3, model.layer4) for b in stage]
    for block in blocks[:-1]:
        forward = block.forward
        block.forward = lambda x, f=forward: checkpoint(f, x, use_reentrant=False)


class Step:
    def __init__(self, arguments, checkpointed):
        torch.manual_seed(0)
        self.precision = arguments.precision
        model = torchvision.models.get_model(arguments.model, num_classes=arguments.classes)
        self.model = model.to(memory_format=torch.channels_last).train()
        if checkpointed:
            checkpoint_blocks(self.model)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3, momentum=0.9, fused=True)
        self.images = torch.randn(arguments.batch, 3, arguments.size, arguments.size).contiguous(
            memory_format=torch.channels_last)
        self.labels = torch.randint(arguments.classes, (arguments.batch,))

    def __call__(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bf16"):
            loss = F.cross_entropy(self.model(self.images), self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


def peak_bytes(step):
    """The most that tensors held at once in a step, above what they held before it."""
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace:
        step()
    live = peak = 0
    events = [e for e in trace.profiler.kineto_results.events() if e.name() == "[memory]"]
    for event in sorted(events, key=lambda e: e.start_ns()):
        live += event.nbytes()
        peak = max(peak, live)
    return peak


def main():
    arguments = parse_arguments()
    step = Step(arguments, arguments.checkpoint == "blocks")
    plain = Step(arguments, False)
    step(), plain()
    name = "layer1.0.bn1.running_mean"
    moved = (step.model.state_dict()[name] - plain.model.state_dict()[name]).abs().max()
    work = torch_work(plain.model, arguments.size)
    del plain
    peak = peak_bytes(step)
    times, started = [], time.perf_counter()
    while not times or time.perf_counter() - started < arguments.seconds:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    print(json.dumps({"checkpoint": arguments.checkpoint, "peak_bytes": peak,
                      "images_per_s": arguments.batch / statistics.median(times),
                      "running_mean_off_by": float(moved), **work}))


if __name__ == "__main__":
    main()
