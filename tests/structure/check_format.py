#!/usr/bin/env python3
"""Fails when a source file is not as .clang-format has it. check_format.py [TOP]"""
import pathlib
import subprocess
import sys

import tools


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    clang_format = tools.find_tool("clang-format", top)
    if clang_format is None:
        print(f"skipped: no clang-format {tools.VERSIONS['clang-format']}")
        return tools.SKIPPED
    sources = tools.files(top, ("apps", "lib", "tests", "bench"), {".h", ".cpp", ".cu", ".cuh"})
    result = subprocess.run([clang_format, "--dry-run", "-Werror", "--style=file", *map(str, sources)],
                            cwd=top)
    if result.returncode != 0:
        print("put right by: clang-format -i FILE…")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
