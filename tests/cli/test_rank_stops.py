"""Requests to stop that reach one rank of several."""

import os
import pathlib
import signal
import time
import unittest

from binary import children_of, tensors_of
from ranks import FOUR, RanksTest

TWO = ["--devices", "cpu:2"]


class Stops(RanksTest):
    def started_until(self, text, *options):
        process = self.start("train", "tiny.yaml", *FOUR, *options, *TWO)
        for line in process.stderr:
            if text in line:
                return process, children_of(process)
        self.fail(f"it ended with {process.wait()}")

    def test_a_signal_to_any_rank_stops_all_and_saves(self):
        long = ["train.epochs=400", "log.every_steps=1"]
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            with self.subTest(signal=number.name):
                process, children = self.started_until("step 3/", f"name={number.name}", *long)
                os.kill(children[1], number)
                code, text = self.finish(process)
                self.assertEqual(code, 75, text)
                self.assertIn("interrupted at step", text)
                self.assertTrue(self.last(f"runs/{number.name}/1").exists())

    def test_a_signal_to_one_rank_in_an_evaluation_does_not_wait_for_its_end(self):
        many = ["data.format.val_images=400000", "eval.batch_size=10"]
        process, children = self.started_until("step 6/18", *many)
        os.kill(children[1], signal.SIGUSR2)
        began = time.monotonic()
        code, text = self.finish(process)
        self.assertEqual(code, 75, text)
        self.assertLess(time.monotonic() - began, 20)  # the whole takes minutes
        self.assertEqual(self.last("runs/tiny/1").name, "step-00000006")
        self.assertEqual({r["split"] for r in self.metrics("runs/tiny/1")}, {"train"})
        self.stoker("train", "--resume", "runs/tiny/1", "train.max_steps=6", *TWO,
                    "data.format.val_images=40")
        self.assertEqual(self.metrics("runs/tiny/1")[-1]["split"], "val")

    def test_what_does_not_end_in_time_is_left_with_the_newest_checkpoint(self):
        """One rank is stopped, so that the step never ends."""
        process, children = self.started_until(
            "step 13/", "train.epochs=400", "log.every_steps=1", "dist.grace_s=2")
        last = self.last("runs/tiny/1")
        saved = last.name, tensors_of(last)
        os.kill(children[1], signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        code, text = self.finish(process)
        self.assertEqual(code, 75, text)
        self.assertIn("what was under way did not end within 2 s (dist.grace_s)", text)
        self.assertIn("--resume runs/tiny/1", text)
        for child in children:
            self.assertFalse(pathlib.Path(f"/proc/{child}").exists())
        newest = self.last("runs/tiny/1")
        if newest.name == saved[0]:
            self.assertTrue(tensors_of(newest) == saved[1])
        self.stoker("train", "--resume", "runs/tiny/1", "train.max_steps=40", *TWO)


if __name__ == "__main__":
    unittest.main()
