#!/usr/bin/env python3
"""Runs clang-tidy on the rooms below LibTorch, whose headers it would read for minutes.

    check_tidy.py [TOP] [ROOM…]

.clang-tidy says what it looks for. Skipped where clang-tidy is missing.
"""
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
         "/usr/include/freetype2", "-DSTOKER_HAS_CUDA=0",
         "-DSTOKER_HAS_OPENCV=1")
# Clang does not know the intrinsics of GCC's headers; OpenCV includes them too.
FOREIGN = re.compile(r"^#include <(\w*intrin\.h|opencv2/)", re.MULTILINE)


def rooms_below(top):
    """The first list of lib/stoker/CMakeLists.txt."""
    return check_layers.listed_rooms(top)[0]


def flags():
    """PyPI's clang-tidy comes without the compiler's own headers (stddef.h); GCC's do."""
    own = subprocess.run(["gcc", "-print-file-name=include"], capture_output=True, text=True).stdout
    return (*FLAGS, "-idirafter", own.strip())


def tidy(clang_tidy, top, file):
    return subprocess.run([clang_tidy, "--quiet", "--warnings-as-errors=*", str(file), "--", *flags()],
                          cwd=top, capture_output=True, text=True)


def reads_the_library(clang_tidy, top):
    """clang 14 does not know all of the library that comes with GCC 13 and later."""
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as probe:
        probe.write("#include <chrono>\n")
        probe.flush()
        return tidy(clang_tidy, top, probe.name).returncode == 0


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    clang_tidy = tools.find_tool("clang-tidy", top)
    if clang_tidy is None:
        print(f"skipped: no clang-tidy {tools.VERSION}")
        return tools.SKIPPED
    if not reads_the_library(clang_tidy, top):
        print(f"skipped: clang-tidy {tools.VERSION} does not read this compiler's library")
        return tools.SKIPPED
    rooms = sys.argv[2:] or rooms_below(top)
    sources = [file for file in tools.files(top, [f"lib/stoker/{room}" for room in rooms], {".cpp"})
               if not FOREIGN.search(file.read_text())]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for result in pool.map(lambda file: tidy(clang_tidy, top, file), sources):
            if result.returncode != 0:
                failed += 1
                print(result.stdout, result.stderr, sep="")
    print(f"clang-tidy: {failed} of {len(sources)} files have findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
