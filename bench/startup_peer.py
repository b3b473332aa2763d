"""One training step on a folder of images in Python: the least that torch and torchvision take.

    python bench/startup_peer.py --data data/cifar10-jpeg

bench/startup_compare.py starts it and watches for the line `step 1/1`.
"""

import argparse
import json
import os

import torch
import torchvision
from torchvision.transforms import v2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with train/<class>/")
    parser.add_argument("--model", default="resnet18", help="a name of torchvision's")
    parser.add_argument("--size", type=int, default=128, help="side of the images")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--work", action="store_true", help="print what the network costs instead")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)

    transform = v2.Compose([v2.ToImage(), v2.RandomResizedCrop(arguments.size, antialias=True),
                            v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True),
                            v2.Normalize((0.49, 0.48, 0.45), (0.25, 0.24, 0.26))])
    dataset = torchvision.datasets.ImageFolder(os.path.join(arguments.data, "train"), transform)
    loader = torch.utils.data.DataLoader(dataset, arguments.batch, shuffle=True)
    model = torchvision.models.get_model(arguments.model, num_classes=len(dataset.classes))
    if arguments.work:
        from same_work import torch_work
        print(json.dumps(torch_work(model, arguments.size)))
        return
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    images, labels = next(iter(loader))
    with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16"):
        loss = torch.nn.functional.cross_entropy(
            model(images.to(memory_format=torch.channels_last)), labels)
    loss.backward()
    optimizer.step()
    print(f"step 1/1  loss {loss.item():.3f}", flush=True)


if __name__ == "__main__":
    main()
