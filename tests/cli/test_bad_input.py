"""Bad data through the whole of training: what it says, with which exit code, and that it goes on."""

import shutil
import time
import unittest

from binary import BinaryTest, tensors_of, without_times

FOLDER = ["train", "tiny.yaml", "data.format=image_folder", "data.root=shapes"]


class BadInput(BinaryTest):
    def setUp(self):
        super().setUp()
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "60", "--val-images",
                    "20", "--size", "16")
        self.train = sorted((self.folder / "shapes/train").rglob("*.png"))
        self.val = sorted((self.folder / "shapes/val").rglob("*.png"))

    def damage(self, image):
        image.write_bytes(image.read_bytes()[:-40])

    def test_a_damaged_image_ends_training_by_name(self):
        self.damage(self.train[33])
        for cache in ("none", "memory"):
            _, err = self.stoker(*FOLDER, f"data.cache={cache}", expect=3)
            self.assertIn(str(self.train[33].relative_to(self.folder)), err)
            self.assertIn("PNG cannot be decoded", err)

    def test_damaged_images_are_skipped_counted_and_listed_and_a_resume_is_exact(self):
        for image in (self.train[0], self.train[33], self.train[41], self.val[5]):
            self.damage(image)
        for cache in ("none", "memory"):
            shutil.rmtree(self.folder / "runs", ignore_errors=True)
            skipping = [*FOLDER, f"data.cache={cache}", "data.on_error=skip", "train.epochs=4"]
            _, err = self.stoker(*skipping)
            self.assertIn("3 training images were skipped", err)
            self.assertIn("1 validation images were skipped", err)
            for image in (self.train[0], self.train[33], self.train[41], self.val[5]):
                self.assertEqual(err.count(f"{image.parent.name}/{image.name}:"), 1, err)
            records = without_times(self.metrics("runs/tiny/1"))
            self.assertEqual([r["images"] for r in records if r["split"] == "val"], [19] * 4)
            # Stopped in the middle of an epoch, three steps each.
            self.stoker(*skipping, "name=cut", "train.max_steps=5", "eval.every_epochs=1")
            _, err = self.stoker(*skipping, "name=cut", "--resume")
            self.assertIn("skipped", err)
            last = "checkpoints/step-00000012"
            self.assertEqual(tensors_of(self.folder / "runs/tiny/1" / last),
                             tensors_of(self.folder / "runs/cut/1" / last))
            resumed = [r for r in without_times(self.metrics("runs/cut/1"))
                       if r["split"] == "train" or r["step"] % 3 == 0]
            self.assertEqual(resumed, records)

    def test_a_step_without_a_readable_image_is_left_out_and_a_resume_is_exact(self):
        self.damage(self.train[33])
        words = [*FOLDER, "data.on_error=skip", "train.batch_size=1", "train.epochs=2",
                 "log.every_steps=1"]
        _, err = self.stoker(*words)
        self.assertIn("1 training images were skipped", err)
        records = without_times(self.metrics("runs/tiny/1"))
        steps = [r for r in records if r["split"] == "train"]
        self.assertEqual([r["step"] for r in steps], list(range(1, 121)))
        left_out = [r["step"] for r in steps if r["skipped_steps"]]
        self.assertEqual(len(left_out), 2)  # one an epoch
        self.assertTrue(all((r["loss"] is None) == (r["step"] in left_out) for r in steps))
        # Stopped right before such a step, and right after one.
        self.stoker(*words, "name=cut", f"train.max_steps={left_out[0] - 1}")
        self.stoker(*words, "name=cut", f"train.max_steps={left_out[1]}", "--resume")
        self.stoker(*words, "name=cut", "--resume")
        last = "checkpoints/step-00000120"
        self.assertEqual(tensors_of(self.folder / "runs/tiny/1" / last),
                         tensors_of(self.folder / "runs/cut/1" / last))
        resumed = without_times(self.metrics("runs/cut/1"))
        self.assertEqual([r for r in resumed if r["split"] == "train"], steps)

    def wait_for_size(self, process, file, size):
        deadline = time.monotonic() + 60
        while not (file.exists() and file.stat().st_size > size):
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll())
            time.sleep(0.01)

    def test_images_that_vanish_during_training(self):
        words = [*FOLDER, "data.cache=none", "train.epochs=100000", "log.every_steps=1"]
        for on_error in ("fail", "skip"):
            process = self.start(*words, f"data.on_error={on_error}", f"name={on_error}")
            self.addCleanup(process.kill)
            metrics = self.folder / f"runs/{on_error}/1/metrics.jsonl"
            self.wait_for_size(process, metrics, 2000)
            gone = self.folder / "gone"
            self.train[7].rename(gone)
            if on_error == "skip":
                # One is left out; when all are gone, it ends rather than count empty steps. Each is
                # read once in three steps, some passes ahead: 20,000 bytes are more than ten passes.
                self.wait_for_size(process, metrics, metrics.stat().st_size + 20_000)
                (self.folder / "shapes/train").rename(self.folder / "shapes/elsewhere")
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 3, err)
            self.assertIn(self.train[7].name, err)
            self.assertIn("No such file" if on_error == "fail" else "could be read", err)
            if on_error == "fail":
                gone.rename(self.train[7])

    def test_nothing_readable_is_an_error_though_unreadable_images_are_skipped(self):
        for image in self.val:
            image.write_bytes(b"")
        _, err = self.stoker(*FOLDER, "data.on_error=skip", expect=3)
        self.assertIn("not one of the 20 images to evaluate on could be read", err)
        for image in self.train:
            image.write_bytes(b"")
        _, err = self.stoker(*FOLDER, "data.on_error=skip", expect=3)
        self.assertIn("not one of the first 60 images can be read", err)
        self.assertIn("the file is empty", err)

    def test_paths_that_the_system_refuses_are_no_defect_of_stoker(self):
        (self.folder / "circle").symlink_to("circle")
        for root in ("circle", "a" * 300):
            for kind in ("image_folder", "csv", "cifar", "idx", "shards"):
                _, err = self.stoker("train", "tiny.yaml", f"data.format={kind}",
                                     f"data.root={root}", expect=3)
                self.assertIn(root, err)
                self.assertNotIn("defect", err)
        # An override longer than a file's name may be.
        self.stoker("train", "tiny.yaml", "train.max_steps=1",
                    "augment=[" + ", ".join(["flip"] * 60) + "]")

    def test_a_file_that_is_cut_while_it_is_mapped(self):
        two = b"\1" + bytes(3072) + b"\2" + bytes(3072)
        for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
            (self.folder / name).write_bytes(two * 20)
        process = self.start("train", "tiny.yaml", "data.format=cifar", "data.root=.",
                             "train.epochs=100000", "log.every_steps=1")
        self.addCleanup(process.kill)
        metrics = self.folder / "runs/tiny/1/metrics.jsonl"
        deadline = time.monotonic() + 60
        while not metrics.exists() or not metrics.stat().st_size:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        with open(self.folder / "data_batch_3.bin", "r+b") as file:
            file.truncate(10)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, err)
        # Told by whichever read comes first: one beyond the page that is left, or one within it.
        self.assertRegex(err, r"data_batch_3\.bin(: cannot be read any more: the file was cut short"
                              r"|.*: the file was cut short since it was opened)")


if __name__ == "__main__":
    unittest.main()
