"""Training steps of one network in Python PyTorch on a batch that stays on the device: what
`stoker bench step` is measured against.

    python bench/step_peer.py --model resnet50 --size 224 --batch 256 --device cuda --compile

channels_last, autocast, torch.optim.SGD(fused=True), gradients set to None: a step as a good PyTorch
user writes it. With --compile the model goes through torch.compile (mode="max-autotune-no-cudagraphs"
on CUDA, the default mode on the CPU), whose compilation is no part of the time.
"""

import argparse
import json
import pathlib
import statistics
import time

import torch
import torch.nn.functional as F

from same_work import torch_work

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
SIZED = ("vit", "deit", "swin", "mixer")  # timm builds these for one size of images


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet50", help="airbench, or a name that torchvision or timm has")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--precision", choices=("bf16", "fp16", "tf32", "fp32"), default="bf16")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=0, help="0: all that torch finds")
    parser.add_argument("--seconds", type=float, default=5, help="of steps that are timed")
    parser.add_argument("--warmup-steps", type=int, default=3)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here")
    return parser.parse_args()


def make_model(arguments):
    if arguments.model == "airbench":
        from cifar10_peer import Airbench
        return Airbench(classes=arguments.classes)
    import torchvision
    if arguments.model in torchvision.models.list_models():
        return torchvision.models.get_model(arguments.model, num_classes=arguments.classes)
    import timm
    size = {"img_size": arguments.size} if arguments.model.startswith(SIZED) else {}
    return timm.create_model(arguments.model, num_classes=arguments.classes, **size)


def wait_for(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Step:
    def __init__(self, arguments):
        self.device = torch.device(arguments.device)
        self.dtype = DTYPES.get(arguments.precision)
        torch.backends.cuda.matmul.allow_tf32 = arguments.precision == "tf32"
        torch.backends.cudnn.allow_tf32 = arguments.precision == "tf32"
        torch.backends.cudnn.benchmark = True
        model = make_model(arguments)
        self.counts = torch_work(model, arguments.size)
        model = model.to(self.device, memory_format=torch.channels_last).train()
        parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, nesterov=True,
                                         weight_decay=1e-4, fused=True)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=arguments.precision == "fp16")
        mode = "max-autotune-no-cudagraphs" if self.device.type == "cuda" else None
        self.model = torch.compile(model, mode=mode) if arguments.compile else model
        shape = (arguments.batch, 3, arguments.size, arguments.size)
        self.images = torch.randn(shape, device=self.device, dtype=self.dtype).contiguous(
            memory_format=torch.channels_last)
        self.labels = torch.randint(arguments.classes, (arguments.batch,), device=self.device)

    def __call__(self):
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            loss = F.cross_entropy(self.model(self.images), self.labels, label_smoothing=0.1)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()


def measure(step, arguments):
    for _ in range(arguments.warmup_steps):
        step()
    wait_for(step.device)
    times, started = [], time.perf_counter()
    while not times or time.perf_counter() - started < arguments.seconds:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    wait_for(step.device)
    seconds = time.perf_counter() - started
    return {"steps": len(times), "images_per_s": len(times) * arguments.batch / seconds,
            "median_step_s": statistics.median(times)}


def main():
    arguments = parse_arguments()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    step = Step(arguments)
    result = {"torch": torch.__version__, "model": arguments.model, "batch": arguments.batch,
              "precision": arguments.precision, "device": str(step.device),
              "compile": arguments.compile, **step.counts, **measure(step, arguments)}
    if step.device.type == "cuda":
        result["device_name"] = torch.cuda.get_device_name(step.device)
        result["peak_memory_gib"] = torch.cuda.max_memory_allocated(step.device) / 2**30
    print(json.dumps(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
