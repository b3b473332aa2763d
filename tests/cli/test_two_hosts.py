"""Two hosts, which are network namespaces joined by a cable; skipped where none can be made."""

import os
import pathlib
import shutil
import subprocess
import time
import unittest

from binary import BINARY
from ranks import FOUR, RanksTest, far_apart, floats_of

NAMES = ("stoker-a", "stoker-b")
ADDRESSES = ("10.213.7.1", "10.213.7.2")


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class TwoHosts(RanksTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not shutil.which("ip"):
            self.skipTest("network namespaces need root and iproute2")
        try:
            ip("netns", "add", NAMES[0])
        except subprocess.CalledProcessError as error:
            self.skipTest(f"no network namespaces here: {error.stderr}")
        self.addCleanup(self.remove)
        ip("netns", "add", NAMES[1])
        ip("link", "add", "cable-a", "netns", NAMES[0], "type", "veth", "peer", "name", "cable-b",
           "netns", NAMES[1])
        for name, address, cable in zip(NAMES, ADDRESSES, ("cable-a", "cable-b")):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", cable)
            ip("-n", name, "link", "set", cable, "up")
            ip("-n", name, "link", "set", "lo", "up")
        # As Debian writes it, the first host's own name is a loopback address to itself.
        for name, address in zip(NAMES, ("127.0.1.1", ADDRESSES[0])):
            folder = pathlib.Path("/etc/netns") / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "hosts").write_text(f"127.0.0.1 localhost\n{address} first-host\n")

    def remove(self):
        for name in NAMES:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
            shutil.rmtree(pathlib.Path("/etc/netns") / name, ignore_errors=True)

    def start_on(self, host, *arguments, port=29611):
        variables = {"RANK": host, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1,
                     "MASTER_ADDR": "first-host", "MASTER_PORT": port}
        return subprocess.Popen(
            ["ip", "netns", "exec", NAMES[host], str(BINARY), "train", "tiny.yaml", *arguments],
            cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **{k: str(v) for k, v in variables.items()}})

    def wait_for_step(self, process, step):
        for line in process.stderr:
            if f"step {step}/" in line:
                return
        self.fail("the step was not reached")

    def test_ranks_meet_and_train(self):
        self.stoker("train", "tiny.yaml", "name=whole", *FOUR)
        ranks = [self.start_on(host, *FOUR) for host in (0, 1)]
        texts = []
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 0, text)
            texts.append(text)
        self.assertIn(f"gradients go by Gloo over {ADDRESSES[0]}", texts[0])
        self.assertLess(far_apart(floats_of(self.last("runs/whole/1")),
                                  floats_of(self.last("runs/tiny/1"))), 1e-6)

    def test_a_slow_cable_is_slow_and_no_error(self):
        if not shutil.which("tc"):
            self.skipTest("no tc")
        try:
            subprocess.run(["tc", "-n", NAMES[0], "qdisc", "add", "dev", "cable-a", "root", "netem",
                            "delay", "10ms", "rate", "10mbit"], check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            self.skipTest(f"no netem here: {error.stderr}")
        ranks = [self.start_on(host, *FOUR, "train.max_steps=6") for host in (0, 1)]
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 0, text)

    def test_a_broken_cable_ends_both_within_the_time_out_and_a_healed_one_goes_on(self):
        long = ["train.epochs=2000", "log.every_steps=1", "checkpoint.every_steps=3",
                "checkpoint.every_epochs=0", "dist.timeout_s=4", *FOUR]
        ranks = [self.start_on(host, *long) for host in (0, 1)]
        self.wait_for_step(ranks[0], 12)
        begin = time.monotonic()
        ip("-n", NAMES[0], "link", "set", "cable-a", "down")
        for number, rank in enumerate(ranks):
            code, text = self.finish(rank, timeout=90)
            self.assertEqual(code, 4, text)
            other = 1 - number
            self.assertIn(f"rank {other} of 2 (host", text)
        self.assertLess(time.monotonic() - begin, 60)
        ip("-n", NAMES[0], "link", "set", "cable-a", "up")
        ranks = [self.start_on(host, "--resume", *long[1:], "train.epochs=20", port=29612)
                 for host in (0, 1)]
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 0, text)
        self.assertEqual(self.summary("runs/tiny/1")["steps"], 120)


if __name__ == "__main__":
    unittest.main()
