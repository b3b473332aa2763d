"""FFCV's side of packed_compare.py: writes its files, and reads one of them.

    packed_peer.py write PHOTOS OUT        OUT/jpg.beton and OUT/raw.beton, longest side 340
    packed_peer.py read FILE fp32|uint8 SECONDS    compiles, then measures once for each line of stdin
"""
import json
import os
import pathlib
import resource
import sys
import time

import numpy
from ffcv.fields import IntField, RGBImageField
from ffcv.fields.basics import IntDecoder
from ffcv.fields.rgb_image import RandomResizedCropRGBImageDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.transforms import NormalizeImage, RandomHorizontalFlip
from ffcv.writer import DatasetWriter
from PIL import Image

MEAN = numpy.array([0.485, 0.456, 0.406]) * 255
STD = numpy.array([0.229, 0.224, 0.225]) * 255


class Photos:
    def __init__(self, folder):
        self.paths = sorted(pathlib.Path(parent) / name for parent, _, names in
                            os.walk(folder, followlinks=True) for name in names)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return Image.open(self.paths[index]).convert("RGB"), 0


def write(photos, out):
    for mode in ("jpg", "raw"):
        field = RGBImageField(write_mode=mode, max_resolution=340, jpeg_quality=90)
        path = pathlib.Path(out) / f"{mode}.beton"
        DatasetWriter(str(path), {"image": field, "label": IntField()}, num_workers=1).from_indexed_dataset(
            Photos(photos))


def cpu_s():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def read(path, output, seconds):
    pipeline = [RandomResizedCropRGBImageDecoder((224, 224)), RandomHorizontalFlip()]
    if output == "fp32":
        pipeline.append(NormalizeImage(MEAN, STD, numpy.float32))
    loader = Loader(path, batch_size=32, num_workers=1, order=OrderOption.RANDOM, os_cache=True,
                    drop_last=True, pipelines={"image": pipeline, "label": [IntDecoder()]})
    for _ in range(2):  # compiles
        for images, _ in loader:
            shape, dtype = images.shape, str(images.dtype)
    print("ready", flush=True)
    for _ in sys.stdin:
        count, start, cpu = 0, time.time(), cpu_s()
        while time.time() - start < seconds:
            for images, _ in loader:
                count += len(images)
        print(json.dumps({"images_per_s": count / (time.time() - start),
                          "images_per_cpu_s": count / (cpu_s() - cpu),
                          "output": f"{list(shape)} {dtype}"}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3])
    else:
        read(sys.argv[2], sys.argv[3], float(sys.argv[4]))
