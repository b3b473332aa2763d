import signal
import time
import unittest

from binary import BinaryTest, tensors_of

# Long enough that a signal sent at step 3 comes long before the end, on a busy machine too.
LONG = ["train.epochs=100", "log.every_steps=1"]


class Interrupt(BinaryTest):
    def interrupted(self, number, *options):
        process = self.start("train", "tiny.yaml", "name=cut", *LONG, *options)
        for line in process.stderr:
            if "step 3/" in line:
                break
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
        return process.returncode, err

    def test_signals_save_and_end_with_75_and_the_same_command_goes_on(self):
        self.stoker("train", "tiny.yaml", *LONG)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                       signal.SIGUSR1):
            with self.subTest(signal=number.name):
                code, err = self.interrupted(number)
                self.assertEqual(code, 75, err)
                self.assertIn("--resume", err)
                self.assertIn("stopping after this step, then saving", err)
                self.stoker("train", "tiny.yaml", "name=cut", *LONG, "--resume")
        whole = self.folder / "runs/tiny/1/checkpoints/step-00000600"
        cut = self.folder / "runs/cut/4/checkpoints/step-00000600"
        self.assertEqual(tensors_of(whole), tensors_of(cut))

    def test_under_nohup_a_hangup_is_nothing(self):
        ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
        process = self.start("train", "tiny.yaml", *LONG, **ignoring)
        for line in process.stderr:
            if "step 3/" in line:
                break
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)

    def test_a_signal_in_an_evaluation_saves_and_the_evaluation_is_made_up_for(self):
        many = ["data.format.val_images=100000", "eval.batch_size=10"]
        process = self.start("train", "tiny.yaml", *many)
        for line in process.stderr:
            if "step 6/18" in line:  # the end of the epoch; the evaluation comes next
                break
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("interrupted at step 6 of 18", err)
        self.assertEqual([r["split"] for r in self.metrics("runs/tiny/1")], ["train", "train"])
        self.stoker("train", "tiny.yaml", "--resume", "train.max_steps=6")
        self.assertEqual([(r["split"], r["step"]) for r in self.metrics("runs/tiny/1")],
                         [("train", 4), ("train", 6), ("val", 6)])

    def test_other_verbs_say_at_once_that_they_stop(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=2")
        process = self.start("eval", "runs/tiny/1", "eval.batch_size=1",
                             "data.format.val_images=1000000")
        time.sleep(3)  # LibTorch is loaded
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("stopping; once more leaves at once\n", err)

    def test_a_second_interrupt_quits_at_once(self):
        slow = ["model=resnet50", "augment=[resize: {size: 128}]",
                "data.format.size=128", "train.batch_size=96"]
        process = self.start("train", "tiny.yaml", *slow)
        for line in process.stderr:
            if line.startswith("memory"):  # the end of the plan; the first step comes next
                break
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 128 + signal.SIGINT, err)
        self.assertIn("left without saving: nothing of this run was saved", err)

    def test_a_signal_between_micro_batches_takes_the_step_back(self):
        pieces = ["train.microbatch=2", "model={name: mlp, hidden: [8], batch_norm: true}"]
        code, err = self.interrupted(signal.SIGINT, *pieces)
        self.assertEqual(code, 75, err)
        self.stoker("train", "tiny.yaml", "name=cut", *LONG, *pieces, "--resume",
                    "train.max_steps=12")
        self.stoker("train", "tiny.yaml", *LONG, *pieces, "train.max_steps=12")
        whole, cut = (self.folder / f"runs/{name}/1/checkpoints/step-00000012"
                      for name in ("tiny", "cut"))
        self.assertEqual(tensors_of(whole), tensors_of(cut))

    def test_a_killed_run_goes_on_from_its_last_checkpoint(self):
        self.stoker("train", "tiny.yaml", *LONG)
        code, _ = self.interrupted(signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)
        self.stoker("train", "tiny.yaml", "name=cut", *LONG, "--resume")
        whole = self.folder / "runs/tiny/1/checkpoints/step-00000600"
        cut = self.folder / "runs/cut/1/checkpoints/step-00000600"
        self.assertEqual(tensors_of(whole), tensors_of(cut))

    def test_a_run_in_use_is_not_touched_by_a_second_process(self):
        first = self.start("train", "tiny.yaml", "name=cut", *LONG)
        for line in first.stderr:
            if "step 3/" in line:
                break
        _, err = self.stoker("train", "tiny.yaml", "name=cut", *LONG, "--resume", expect=2)
        self.assertIn(f"process {first.pid}", err)
        first.kill()
        first.communicate(timeout=60)
        # The lock went with the process: no stale one is left.
        self.stoker("train", "tiny.yaml", "name=cut", *LONG, "--resume", "train.max_steps=6")


if __name__ == "__main__":
    unittest.main()
