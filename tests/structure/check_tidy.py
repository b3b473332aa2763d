#!/usr/bin/env python3
"""Runs clang-tidy on the rooms.

    check_tidy.py [TOP] [--build BUILD] [--torch TORCH] [ROOM…]

BUILD is a folder that CMake configured, TORCH the LibTorch that it found; without them the rooms
above LibTorch are left out. .clang-tidy says what it looks for. Skipped where clang-tidy is missing.

Reading LibTorch's headers takes a quarter of a minute, so the files of a room are read as one, and
in halves where they do not compile together.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import check_layers
import tools

FLAGS = ("-std=c++20", "-Ilib", "-isystem", "/usr/include/opencv4", "-isystem",
         "/usr/include/freetype2", "-DSTOKER_HAS_CUDA=0", "-DSTOKER_HAS_OPENCV=1",
         "-DUSE_C10D_GLOO", "-DSTOKER_HAS_NCCL=0")
# Clang does not know the intrinsics of GCC, which OpenCV includes too, nor is CUDA built here.
FOREIGN = re.compile(r"^#include <(\w*intrin\.h|opencv2/|cuda_runtime)|\b__builtin_shuffle\b",
                     re.MULTILINE)


def gcc_headers():
    """PyPI's clang-tidy comes without the compiler's own headers (stddef.h); GCC's do."""
    own = subprocess.run(["gcc", "-print-file-name=include"], capture_output=True, text=True).stdout
    return ("-idirafter", own.strip())


def torch_headers(build, torch):
    folders = [build / "include-first", torch / "include", torch / "include/torch/csrc/api/include"]
    return [word for folder in folders for word in ("-isystem", str(folder))]


def tidy(clang_tidy, top, files, flags):
    """What it says of these files, read as one."""
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as together:
        together.writelines(f'#include "{file}"\n' for file in files)
        together.flush()
        return subprocess.run(
            [clang_tidy, "--quiet", "--warnings-as-errors=*", f"--config-file={top}/.clang-tidy",
             "--checks=-bugprone-suspicious-include", together.name, "--", *flags],
            cwd=top, capture_output=True, text=True)


def findings(clang_tidy, top, files, flags):
    result = tidy(clang_tidy, top, files, flags)
    if result.returncode == 0:
        return []
    if "[clang-diagnostic-error" in result.stdout and len(files) > 1:
        half = len(files) // 2
        return (findings(clang_tidy, top, files[:half], flags) +
                findings(clang_tidy, top, files[half:], flags))
    return [result.stdout + result.stderr]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("top", nargs="?", default=".", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--torch", type=pathlib.Path)
    parser.add_argument("rooms", nargs="*")
    arguments = parser.parse_args()
    top = arguments.top.resolve()
    clang_tidy = tools.find_tool("clang-tidy", top)
    if clang_tidy is None:
        print(f"skipped: no clang-tidy {tools.VERSIONS['clang-tidy']}")
        return tools.SKIPPED
    below, every = check_layers.listed_rooms(top)
    flags = [*FLAGS, *gcc_headers()]
    if arguments.torch:
        torch_flags = [*flags, *torch_headers(arguments.build.resolve(), arguments.torch.resolve())]
    jobs, count = [], 0
    for room in arguments.rooms or (every if arguments.torch else below):
        files = [file for file in tools.files(top, [f"lib/stoker/{room}"], {".cpp"})
                 if not FOREIGN.search(file.read_text())]
        count += len(files)
        jobs.append((files, flags if room in below else torch_flags))
    jobs.sort(key=lambda job: job[1] is flags)  # the long ones first
    said = []
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for texts in pool.map(lambda job: findings(clang_tidy, top, *job), jobs):
            said += texts
            print(*texts, sep="\n", end="")
    print(f"clang-tidy: {count} files read, findings in {len(said)} parts")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
