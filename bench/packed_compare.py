#!/usr/bin/env python3
"""Packed photographs, stoker beside FFCV: images per second of one loader thread.

    packed_compare.py PHOTOS [--build build] [--peer-python PYTHON] [--seconds 3] [--repeats 5]

Packs the photographs (a folder of class folders, or of images) with both, longest side 340: as JPEG
of quality 90 and as pixels. Then both sides run in turn, --repeats times; medians are compared.
Everything is in the page cache. Rates are per second of processor time of the whole process, so that
other work on the machine counts little; wall-clock rates stand beside.

stoker: RandomResizedCrop 224, flip, normalise to fp32 or bf16, NHWC, from WebDataset shards.
FFCV: its RandomResizedCropRGBImageDecoder, RandomHorizontalFlip and, for fp32, NormalizeImage, NHWC.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def class_folders(photos, folder):
    """A folder with a class folder of links, where the photographs stand side by side."""
    photos = photos.resolve()
    if any(p.is_dir() for p in photos.iterdir()):
        return photos
    (folder / "photos").mkdir()
    (folder / "photos" / "photo").symlink_to(photos)
    return folder / "photos"


def measure(command):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


class Peer:
    """A process that has compiled its pipeline and measures when asked."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen([str(c) for c in command], text=True, env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        while self.process.stdout.readline().strip() != "ready":
            if self.process.poll() is not None:
                raise SystemExit(f"FFCV ended: {command}")

    def measure(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def size_mb(folder, ending):
    return sum(p.stat().st_size for p in folder.rglob(f"*{ending}")) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--pack", type=pathlib.Path, help="the stoker binary; default: BUILD/stoker")
    parser.add_argument("--peer-python", default="python3")
    parser.add_argument("--seconds", default="3")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    one_thread = dict(os.environ, OMP_NUM_THREADS="1")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        photos = class_folders(args.photos, folder)
        stoker = args.pack or args.build / "stoker"
        for name, option in (("jpg", []), ("raw", ["--raw"])):
            subprocess.run([stoker, "data", "pack", photos, folder / name, "--long-side", "340",
                            *option], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        peer = [args.peer_python, HERE / "packed_peer.py"]
        subprocess.run([*map(str, peer), "write", str(photos), str(folder)], check=True,
                       capture_output=True)
        for name in ("jpg", "raw"):
            print(f"{name}: stoker {size_mb(folder / name, '.tar'):.1f} MB in shards, "
                  f"FFCV {(folder / f'{name}.beton').stat().st_size / 1e6:.1f} MB")
        sides = {}
        for name in ("jpg", "raw"):
            for kind in ("fp32", "bf16"):
                sides[name, "stoker", kind] = [args.build / "bench/shard_bench", folder / name, kind,
                                               args.seconds]
            for kind in ("fp32", "uint8"):
                sides[name, "FFCV", kind] = Peer(
                    [*peer, "read", folder / f"{name}.beton", kind, args.seconds], one_thread)
        results = {side: [] for side in sides}
        for _ in range(args.repeats):
            for side, what in sides.items():
                results[side].append(what.measure() if isinstance(what, Peer) else measure(what))
        for what in sides.values():
            if isinstance(what, Peer):
                what.end()
    report(results)


def report(results):
    rate = {}
    for side, runs in results.items():
        rate[side] = statistics.median(r["images_per_cpu_s"] for r in runs)
        wall = statistics.median(r["images_per_s"] for r in runs)
        print(f"{side[0]:4} {side[1]:7} {side[2]:6} {rate[side]:7.0f} images per processor second "
              f"({wall:.0f} per second)  {runs[0]['output']}")
    for name in ("jpg", "raw"):
        for ours in ("fp32", "bf16"):
            for theirs in ("fp32", "uint8"):
                ratio = rate[name, "stoker", ours] / rate[name, "FFCV", theirs]
                print(f"{name}: stoker {ours} over FFCV {theirs}: {ratio:.2f}x")


if __name__ == "__main__":
    main()
