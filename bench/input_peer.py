"""One run of somebody else's input path, as a line of JSON like loader_bench's.

    python bench/input_peer.py KIND FOLDER THREADS SECONDS

KIND: pil (torchvision DataLoader, PIL), tensor (torchvision decode_image and v2), dali (fused
decode and random crop), small_pil and small_tensor (32x32 from memory, pad 2, crop, flip,
normalise). Photographs become RandomResizedCrop 224, flip, normalised fp32 in NHWC.
"""

import json
import resource
import sys
import time
from pathlib import Path

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BATCH, SMALL_BATCH = 32, 512


def files_of(folder):
    return sorted(str(path) for path in Path(folder).iterdir() if path.is_file())


def batches_of_dali(folder, threads):
    from nvidia.dali import fn, pipeline_def, types

    @pipeline_def(batch_size=BATCH, num_threads=threads, device_id=None, seed=1)
    def pipeline():
        files, _ = fn.readers.file(files=files_of(folder), random_shuffle=True)
        images = fn.decoders.image_random_crop(files, device="cpu", output_type=types.RGB,
                                               random_area=[0.08, 1.0],
                                               random_aspect_ratio=[3 / 4, 4 / 3])
        images = fn.resize(images, size=[224, 224])
        return fn.crop_mirror_normalize(images, dtype=types.FLOAT, output_layout="HWC",
                                        mirror=fn.random.coin_flip(),
                                        mean=[255 * m for m in MEAN], std=[255 * s for s in STD])

    made = pipeline()
    made.build()
    while True:
        made.run()
        yield BATCH


def batches_of_torch(dataset, batch, threads):
    import torch
    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch, shuffle=True, drop_last=True,
                                         num_workers=0 if threads == 1 else threads,
                                         persistent_workers=threads > 1)
    while True:
        for images in loader:
            images.contiguous(memory_format=torch.channels_last)
            yield len(images)


class Photos:
    def __init__(self, folder, kind):
        import torch
        from torchvision import io, transforms
        from torchvision.transforms import v2
        from PIL import Image
        self.files = files_of(folder)
        if kind == "pil":
            self.load = lambda path: Image.open(path).convert("RGB")
            self.transform = transforms.Compose([
                transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(),
                transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
        else:
            self.load = lambda path: io.decode_image(io.read_file(path), mode=io.ImageReadMode.RGB)
            self.transform = v2.Compose([
                v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip(),
                v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        return self.transform(self.load(self.files[index]))


class Small:
    def __init__(self, kind):
        import numpy as np
        import torch
        from torchvision import transforms
        from torchvision.transforms import v2
        from PIL import Image
        pixels = np.random.default_rng(0).integers(0, 256, (10_000, 32, 32, 3), dtype=np.uint8)
        if kind == "small_pil":
            self.images = [Image.fromarray(image) for image in pixels]
            self.transform = transforms.Compose([
                transforms.RandomCrop(32, padding=2, padding_mode="reflect"),
                transforms.RandomHorizontalFlip(), transforms.ToTensor(),
                transforms.Normalize(MEAN, STD)])
        else:
            self.images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
            self.transform = v2.Compose([
                v2.RandomCrop(32, padding=2, padding_mode="reflect"), v2.RandomHorizontalFlip(),
                v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index])


def cpu_s():
    return sum(usage.ru_utime + usage.ru_stime
               for usage in (resource.getrusage(resource.RUSAGE_SELF),))


def main():
    kind, folder, threads, seconds = sys.argv[1:]
    threads, seconds = int(threads), float(seconds)
    if kind == "dali":
        batches = batches_of_dali(folder, threads)
    elif kind.startswith("small"):
        batches = batches_of_torch(Small(kind), SMALL_BATCH, threads)
    else:
        batches = batches_of_torch(Photos(folder, kind), BATCH, threads)
    for _ in range(3):
        next(batches)
    start, cpu_start, images = time.perf_counter(), cpu_s(), 0
    while time.perf_counter() - start < seconds:
        images += next(batches)
    wall_s = time.perf_counter() - start
    # Work of other processes is not in this one's processor time.
    cpu = cpu_s() - cpu_start if threads == 1 or kind == "dali" else float("nan")
    print(json.dumps({"images_per_s": round(images / wall_s, 1),
                      "images_per_cpu_s": round(images / cpu, 1)}))


if __name__ == "__main__":
    main()
