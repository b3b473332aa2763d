import os
import shutil
import subprocess
import unittest

from binary import BinaryTest


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
        disk = self.mount("600k")
        long = ["run.dir=disk", "train.epochs=12"]
        _, err = self.stoker("train", "tiny.yaml", *long, "checkpoint.keep_last=99", expect=3)
        self.assertIn("No space left on device", err)
        self.assertIn("--resume disk/tiny/1", err)
        for folder in sorted((disk / "tiny/1/checkpoints").glob("step-*"))[:-1]:
            shutil.rmtree(folder)
        self.stoker("train", "tiny.yaml", *long, "--resume", "checkpoint.keep_last=1")
        self.assertEqual(self.summary("disk/tiny/1")["reason"], "finished")

    def test_a_folder_that_cannot_be_written_is_named(self):
        (self.folder / "taken").write_text("a file where the runs should go")
        _, err = self.stoker("train", "tiny.yaml", "run.dir=taken", expect=3)
        self.assertIn("taken", err)


if __name__ == "__main__":
    unittest.main()
