#!/usr/bin/env python3
"""What hostile clients of monitor.port cost a training.

    bench/live_clients.py build/stoker [--pairs 10] [--seconds 4]

One training on the CPU, in whose time quiet stretches and besieged ones alternate: then 200 connections
are open, most with half a request, some with streams that nobody reads, and one sends a byte every 50 ms.
Whoever is thrown out comes back once a second. Where there are two processors the clients have the last
one, and the training with its server the others, so that the clients' own work does not count. Prints the time of a step in both, by the log lines that
lie within a stretch, with the ratio of each pair, and the resident memory at the end of each.
"""
import argparse
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

CONFIG = """\
data: {format: {name: shapes, train_images: 4096, val_images: 16, size: 32}, cache: memory}
model: {name: mlp, hidden: [1024, 512]}
optimizer: {name: sgd, lr: 0.01}
train: {epochs: 1000000, batch_size: 64, precision: fp32}
eval: {every_epochs: 1000000}
checkpoint: {every_epochs: 1000000}
log: {tensorboard: false, every_steps: 10, evaluation: false}
"""
CLIENTS = 200


class Siege:
    def __init__(self, port):
        self.port = port
        self.is_over = threading.Event()
        self.held = []

    def connect(self, i):
        try:
            client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n" if i % 4 == 0 else b"GET / HT")
            return client
        except OSError:
            return None

    def drip(self):
        while not self.is_over.is_set():
            client = self.connect(1)
            for letter in b"TP/1.1\r\nX: " + b"y" * 1000:
                try:
                    client.sendall(bytes([letter]))
                except (OSError, AttributeError):
                    break
                if self.is_over.wait(0.05):
                    return

    def come_back(self):
        while not self.is_over.wait(1):
            for i, client in enumerate(self.held):
                try:
                    is_out = client is None or client.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
                except BlockingIOError:
                    is_out = False
                except OSError:
                    is_out = True
                if is_out:
                    self.held[i] = self.connect(i)

    def __enter__(self):
        self.held = [self.connect(i) for i in range(CLIENTS)]
        self.threads = [threading.Thread(target=self.drip), threading.Thread(target=self.come_back)]
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        for client in self.held:
            if client is not None:
                client.close()


def lines_of(metrics):
    text = metrics.read_text() if metrics.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


def stretch(metrics, seconds):
    """Seconds of training a step, over the log lines of so long."""
    begin = lines_of(metrics)[-1]["step"]
    time.sleep(seconds)
    lines = [line for line in lines_of(metrics) if line["step"] >= begin]
    return (lines[-1]["time_s"] - lines[0]["time_s"]) / (lines[-1]["step"] - lines[0]["step"])


def resident_mib(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stoker", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="stoker-clients-") as name:
        folder = pathlib.Path(name)
        (folder / "live.yaml").write_text(CONFIG)
        metrics = folder / "runs/live/1/metrics.jsonl"
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) > 1:
            os.sched_setaffinity(0, cpus[:-1])  # which the training inherits
        training = subprocess.Popen([str(arguments.stoker.resolve()), "train", "live.yaml", f"monitor.port={port}"],
                                    cwd=folder, stderr=subprocess.DEVNULL)
        os.sched_setaffinity(0, cpus[-1:])
        try:
            while len(lines_of(metrics)) < 20:
                if training.poll() is not None:
                    raise SystemExit("the training ended")
                time.sleep(0.2)
            pairs, memory = [], []
            for i in range(arguments.pairs):
                quiet = stretch(metrics, arguments.seconds)
                before = resident_mib(training.pid)
                with Siege(port):
                    besieged = stretch(metrics, arguments.seconds)
                    after = resident_mib(training.pid)
                pairs.append((quiet, besieged))
                memory.append((before, after))
                print(f"pair {i + 1}: {1e3 * quiet:.3f} ms a step alone, {1e3 * besieged:.3f} ms besieged, ratio "
                      f"{besieged / quiet:.4f}; {before:.1f} and {after:.1f} MiB", flush=True)
        finally:
            training.send_signal(signal.SIGTERM)
            training.wait()
    ratios = sorted(besieged / quiet for quiet, besieged in pairs)
    print(f"besieged over alone: median {statistics.median(ratios):.4f} ({ratios[0]:.4f} to {ratios[-1]:.4f}), "
          f"{len(pairs)} pairs in turn; memory grew by {memory[-1][1] - memory[0][1]:.1f} MiB from the first "
          "siege to the last")


if __name__ == "__main__":
    main()
