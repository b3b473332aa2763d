"""bench/weights_load.cpp with Python's safetensors: the same arguments, the same output.

    python bench/weights_load_peer.py map|copy FILE TIMES [cold]
"""

import os
import sys
import time

import torch
from safetensors.torch import load_file


def drop_from_page_cache(path):
    file = os.open(path, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def load_once_s(path, into):
    begin = time.perf_counter()
    for name, tensor in load_file(path).items():
        if into is not None:
            into[name].copy_(tensor)
    return time.perf_counter() - begin


def main():
    how, path, times, *options = sys.argv[1:]
    torch.set_num_threads(1)
    model = None
    if how == "copy":
        model = {name: tensor.clone() for name, tensor in load_file(path).items()}
    for _ in range(int(times)):
        if "cold" in options:
            drop_from_page_cache(path)
        print(load_once_s(path, model))


main()
