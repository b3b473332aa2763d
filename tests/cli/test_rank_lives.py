"""Several ranks on this host: how they start, and how they end."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

from binary import BINARY, TINY, children_of, tensors_of
from ranks import FOUR, RanksTest, far_apart, floats_of, free_port


class Launchers(RanksTest):
    def check_run(self, name, launcher):
        self.assertEqual(self.summary(f"runs/{name}/1")["world_size"], 2)
        self.assertIn(f"started by {launcher}",
                      (self.folder / f"runs/{name}/1/log.txt").read_text())
        self.assertLess(far_apart(self.whole(), floats_of(self.last(f"runs/{name}/1"))), 1e-6)

    def whole(self):
        if not (self.folder / "runs/whole").exists():
            self.stoker("train", "tiny.yaml", "name=whole", *FOUR)
        return floats_of(self.last("runs/whole/1"))

    def test_torchrun(self):
        torchrun = pathlib.Path(sys.executable).parent / "torchrun"
        if not torchrun.exists():
            self.skipTest("no torchrun beside this Python")
        subprocess.run([torchrun, "--no-python", "--nproc-per-node", "2", "--master-port",
                        str(free_port()), BINARY, "train", "tiny.yaml", "name=torchrun", *FOUR],
                       cwd=self.folder, check=True, timeout=200, capture_output=True)
        self.check_run("torchrun", "torchrun")

    def test_mpirun(self):
        if not shutil.which("mpirun"):
            self.skipTest("no mpirun")
        subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", BINARY,
                        "train", "tiny.yaml", "name=mpi", *FOUR],
                       cwd=self.folder, check=True, timeout=200, capture_output=True)
        self.check_run("mpi", "Open MPI")

    def test_variables_alone(self):
        port = free_port()
        ranks = [self.start_rank(rank, 2, port, "name=bare", *FOUR) for rank in (0, 1)]
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 0, text)
        self.check_run("bare", "the environment")

    def test_devices_that_there_are_not(self):
        for devices, expected in (("cpu:0", "expected a number of GPUs"),
                                  ("100", "this host has"), ("two", 'read "two"')):
            _, err = self.stoker("train", "tiny.yaml", "--devices", devices, expect=2)
            self.assertIn(expected, err)


class Restarts(RanksTest):
    def test_torchrun_starts_all_again_from_the_newest_checkpoint(self):
        torchrun = pathlib.Path(sys.executable).parent / "torchrun"
        if not torchrun.exists():
            self.skipTest("no torchrun beside this Python")
        long = ["train.epochs=60", "log.every_steps=1", "checkpoint.every_steps=5", *FOUR]
        self.stoker("train", "tiny.yaml", "name=whole", *long, "--devices", "cpu:2")
        process = subprocess.Popen(
            [torchrun, "--no-python", "--nproc-per-node", "2", "--max-restarts", "3",
             "--monitor-interval", "0.2", "--master-port", str(free_port()), BINARY, "train",
             "tiny.yaml", "name=again", *long],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        killed = 0
        lines = []
        for line in process.stdout:
            lines.append(line)
            if killed < 2 and f"step {40 + 80 * killed}/" in line:
                os.kill(children_of(process)[killed], signal.SIGKILL)
                killed += 1
        self.assertEqual(process.wait(timeout=200), 0, "".join(lines[-40:]))
        self.assertEqual(killed, 2)
        self.assertEqual([path.name for path in (self.folder / "runs/again").iterdir()
                          if path.name.isdigit()], ["1"])
        self.assertEqual(tensors_of(self.last("runs/whole/1")),
                         tensors_of(self.last("runs/again/1")))


class Elastic(RanksTest):
    """Hosts that come and go: agents of torchrun that agree on how many there are (--nnodes 1:2)."""

    LONG = ["train.epochs=60", "log.every_steps=1", "checkpoint.every_steps=5", *FOUR]

    def agent(self, port, output):
        torchrun = pathlib.Path(sys.executable).parent / "torchrun"
        if not torchrun.exists():
            self.skipTest("no torchrun beside this Python")
        agent = subprocess.Popen(
            [torchrun, "--no-python", "--nnodes", "1:2", "--nproc-per-node", "1", "--max-restarts",
             "3", "--monitor-interval", "0.2", "--rdzv-backend", "c10d", "--rdzv-endpoint",
             f"127.0.0.1:{port}", "--rdzv-id", "elastic", "--rdzv-conf",
             "last_call_timeout=3,keep_alive_interval=1,keep_alive_max_attempt=2", BINARY, "train",
             "tiny.yaml", "name=elastic", *self.LONG],
            cwd=self.folder, stdout=(self.folder / output).open("w"), stderr=subprocess.STDOUT,
            text=True)
        self.addCleanup(agent.kill)
        return agent

    def wait_for(self, output, text, timeout=120):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if text in (self.folder / output).read_text():
                return
            time.sleep(0.05)
        self.fail(f"no \"{text}\" in:\n{(self.folder / output).read_text()}")

    def test_fewer_ranks_go_on_from_the_newest_checkpoint(self):
        self.stoker("train", "tiny.yaml", "name=whole", *self.LONG)
        port = free_port()
        first = self.agent(port, "first.txt")
        time.sleep(1)  # it serves the agents' rendezvous, which does not outlive it
        second = self.agent(port, "second.txt")
        self.wait_for("first.txt", "ranks      2 on 1 host")
        self.wait_for("first.txt", "step 40/")
        for process in (*children_of(second), second.pid):  # a host that is lost
            os.kill(process, signal.SIGKILL)
        code = first.wait(timeout=200)
        text = (self.folder / "first.txt").read_text()
        self.assertEqual(code, 0, text)
        self.assertIn("going on from", text)
        self.assertEqual([path.name for path in (self.folder / "runs/elastic").iterdir()
                          if path.name.isdigit()], ["1"])
        self.assertEqual(self.summary("runs/elastic/1")["world_size"], 1)
        # The same samples in the same order, on two ranks and then on one.
        self.assertLess(far_apart(floats_of(self.last("runs/whole/1")),
                                  floats_of(self.last("runs/elastic/1"))), 1e-5)


class Ends(RanksTest):
    LONG = ["train.epochs=4000", "log.every_steps=1", "checkpoint.every_epochs=100", *FOUR]

    def started(self, *options, devices="cpu:2"):
        process = self.start("train", "tiny.yaml", *self.LONG, *options, "--devices", devices)
        for line in process.stderr:
            if "step 3/" in line:
                break
        children = children_of(process)
        self.assertEqual(len(children), int(devices[4:]))
        return process, children

    def check_gone(self, children):
        for child in children:
            self.assertFalse(pathlib.Path(f"/proc/{child}").exists())

    def test_a_killed_rank_ends_all_with_its_code(self):
        for victim in (0, 1):
            with self.subTest(rank=victim):
                process, children = self.started()
                begin = time.monotonic()
                os.kill(children[victim], signal.SIGKILL)
                code, text = self.finish(process)
                self.assertEqual(code, 137, text)
                self.assertRegex(text, rf"rank {victim} of 2 \(host [^)]+\) was ended by signal 9")
                self.assertLess(time.monotonic() - begin, 30)
                self.check_gone(children)

    def test_a_stopped_rank_is_named_within_the_time_out(self):
        process, children = self.started("dist.timeout_s=3")
        os.kill(children[1], signal.SIGSTOP)
        try:
            code, text = self.finish(process)
        finally:
            for child in children:
                if pathlib.Path(f"/proc/{child}").exists():
                    os.kill(child, signal.SIGCONT)
        self.assertEqual(code, 4, text)
        self.assertIn("rank 1 of 2 (host", text)
        self.assertIn("does not answer", text)
        self.check_gone(children)

    def test_an_error_on_one_rank_is_quoted_by_the_others(self):
        folder = self.folder / "photos"
        data = ["data={format: {name: image_folder}, root: photos, val: train, on_error: fail}",
                "data.train=train"]
        self.make_photos(folder)
        damaged = sorted((folder / "train/b").iterdir())[0]
        damaged.write_bytes(b"no image")
        _, err = self.stoker("train", "tiny.yaml", *data, "--devices", "cpu:2", expect=3)
        self.assertIn(damaged.name, err)
        self.assertIn("exit code 3", err)

    def make_photos(self, folder):
        for label in ("a", "b"):
            (folder / "train" / label).mkdir(parents=True)
            for i in range(24):
                header = b"P6\n16 16\n255\n"
                (folder / "train" / label / f"{i}.ppm").write_bytes(header + bytes(16 * 16 * 3))

    def test_ranks_that_do_not_come_are_named(self):
        port = free_port()
        alone = self.start_rank(0, 2, port, "dist.join_timeout_s=1")
        code, text = self.finish(alone)
        self.assertEqual(code, 4, text)
        self.assertIn("waited 1 s (dist.join_timeout_s) for rank 1 of 2", text)
        other = self.start_rank(1, 2, port, "dist.join_timeout_s=1")
        code, text = self.finish(other)
        self.assertEqual(code, 4, text)
        self.assertIn("did not reach rank 0 at 127.0.0.1", text)
        self.assertFalse((self.folder / "runs").exists())

    def test_ranks_that_are_to_do_different_things_are_refused(self):
        port = free_port()
        ranks = [self.start_rank(0, 2, port), self.start_rank(1, 2, port, "optimizer.lr=0.02")]
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 2, text)
            self.assertIn("optimizer.lr: 0.01 on rank 0, 0.02 on rank 1", text)
        port = free_port()
        ranks = [self.start_rank(0, 2, port),
                 self.start_rank(1, 2, port, "data.format.train_images=97")]
        codes = {self.finish(rank)[0] for rank in ranks}
        self.assertEqual(codes, {2})
        self.assertFalse((self.folder / "runs").exists())

    def test_ranks_with_different_teachers_are_refused(self):
        hosts = [self.folder / name for name in ("a", "b")]
        for seed, host in enumerate(hosts):
            host.mkdir()
            (host / "tiny.yaml").write_text(TINY)
            subprocess.run([BINARY, "train", "tiny.yaml", "name=teacher", f"seed={seed}",
                            "train.max_steps=1"], cwd=host, check=True, capture_output=True)
        port = free_port()
        words = ["name=student", "algorithms=[distillation: {teacher: runs/teacher/1}]"]
        ranks = [self.start_rank(rank, 2, port, *words, cwd=host)
                 for rank, host in enumerate(hosts)]
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 2, text)
            self.assertRegex(text, r"differ in their weights, rank 1 of 2 \(host [^)]+\) and rank 0:\n"
                             r"  algorithms\.distillation\.teacher")

    def test_memory_that_runs_out_on_one_rank_shrinks_all(self):
        options = ["model={name: airbench, widths: [8, 16, 16]}", "train.epochs=3",
                   "data.format.size=32", "augment=[normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, "
                   "0.25, 0.25]}]", "train.batch_size=64"]
        port = free_port()
        ranks = [self.start_rank(rank, 2, port, *options, "checkpoint.every_epochs=0")
                 for rank in (0, 1)]
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 0, text)
        need = self.summary("runs/tiny/1")["peak_bytes"]
        port = free_port()
        limits = (2.0, 0.75 * need / 2**30)
        ranks = [self.start_rank(rank, 2, port, *options, f"memory.limit_gib={limits[rank]}")
                 for rank in (0, 1)]
        texts = []
        for rank in ranks:
            code, text = self.finish(rank)
            self.assertEqual(code, 0, text)
            texts.append(text)
        self.assertIn("memory ran out at step 1", texts[1])
        changes = [r for r in self.metrics("runs/tiny/2") if r["split"] == "memory"]
        self.assertEqual([r["grad_accumulation"] for r in changes], [4])
        # As a run that began so.
        self.stoker("train", "tiny.yaml", "name=begun", *options, "train.microbatch=16",
                    "--devices", "cpu:2")
        self.assertEqual(self.summary("runs/begun/1")["steps"], 3)


if __name__ == "__main__":
    unittest.main()
