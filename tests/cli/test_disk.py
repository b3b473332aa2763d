import os
import shutil
import subprocess
import unittest

from binary import BINARY, BinaryTest


class Disk(BinaryTest):
    def mount(self, size):
        if os.geteuid() != 0 or not shutil.which("mount"):
            self.skipTest("needs root, to mount a small disk")
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk],
                                 capture_output=True)
        if mounted.returncode:
            self.skipTest("cannot mount a tmpfs here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk

    def test_a_full_disk_leaves_a_whole_checkpoint_and_says_how_to_go_on(self):
        disk = self.mount("1000k")
        long = ["run.dir=disk", "train.epochs=12"]
        _, err = self.stoker("train", "tiny.yaml", *long, "checkpoint.keep_last=99", expect=3)
        self.assertIn("No space left on device", err)
        self.assertIn("--resume disk/tiny/1", err)
        for folder in sorted((disk / "tiny/1/checkpoints").glob("step-*"))[:-1]:
            shutil.rmtree(folder)
        self.stoker("train", "tiny.yaml", *long, "--resume", "checkpoint.keep_last=1")
        self.assertEqual(self.summary("disk/tiny/1")["reason"], "finished")

    def test_a_start_on_a_full_disk_leaves_no_folder(self):
        disk = self.mount("64k")
        (disk / "filler").write_bytes(b"x" * 65536)
        for dry in ([], ["--dry-run"]):
            _, err = self.stoker("train", "tiny.yaml", "run.dir=disk", *dry, expect=3)
            self.assertIn("run.dir", err)
            self.assertIn("No space left", err)
        self.assertEqual([path.name for path in disk.iterdir()], ["filler"])

    def start_training(self, **options):
        """A run that saves after each step, some steps in."""
        process = self.start("train", "tiny.yaml", "train.epochs=400", "log.every_steps=1",
                             "checkpoint.every_steps=1", **options)
        for line in process.stderr:
            if "step 5/" in line:
                return process
        self.fail(f"it ended with {process.wait()}")

    def assert_goes_on(self, run, **options):
        _, err = self.stoker("train", "--resume", run, "train.epochs=1", **options)
        self.assertIn("going on from", err)
        self.assertNotIn("passing over", err)

    def test_a_folder_that_becomes_read_only_ends_the_run_and_loses_nothing(self):
        options = {}
        if os.geteuid() == 0:  # whom permissions do not stop
            options = {"user": 65534, "group": 65534, "extra_groups": []}
            os.chown(self.folder, 65534, 65534)
            try:
                subprocess.run([BINARY, "--version"], check=True, capture_output=True, **options)
            except (OSError, subprocess.CalledProcessError):
                self.skipTest("another user cannot run the binary")
        process = self.start_training(**options)
        checkpoints = self.folder / "runs/tiny/1/checkpoints"
        checkpoints.chmod(0o555)
        _, err = process.communicate(timeout=120)
        checkpoints.chmod(0o755)
        self.assertEqual(process.returncode, 3, err)
        self.assertIn("Permission denied", err)
        self.assertIn("runs/tiny/1/checkpoints/", err)
        self.assertIn("go on with: stoker train --resume runs/tiny/1", err)
        self.assert_goes_on("runs/tiny/1", **options)

    def test_a_run_whose_folder_goes_away_ends_and_makes_no_other(self):
        process = self.start_training()
        (self.folder / "runs/tiny/1").rename(self.folder / "moved")
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 3, err)
        self.assertIn("runs/tiny/1/checkpoints: the folder is gone", err)
        self.assertFalse((self.folder / "runs/tiny/1").exists())
        self.assert_goes_on("moved")

    def test_a_folder_that_cannot_be_written_is_named(self):
        (self.folder / "taken").write_text("a file where the runs should go")
        _, err = self.stoker("train", "tiny.yaml", "run.dir=taken", expect=3)
        self.assertIn("taken", err)


if __name__ == "__main__":
    unittest.main()
