import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from binary import BinaryTest

# Reads a shard with the webdataset package and prints what it finds.
READ = """
import io, json, sys
import webdataset
found = []
for sample in webdataset.WebDataset(sys.argv[1], shardshuffle=False).decode("rgb8"):
    key, label = sample["__key__"], sample["cls"]
    image = next(sample[e] for e in ("jpg", "png", "npy") if e in sample)
    found.append([key, label, list(image.shape), int(image.sum())])
print(json.dumps(found))
"""


class Pack(BinaryTest):
    def setUp(self):
        super().setUp()
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "60", "--size", "24")

    def pack(self, *options, **expect):
        return self.stoker("data", "pack", "shapes", "packed", *options, **expect)

    def names(self, folder="packed"):
        return sorted(p.name for p in (self.folder / folder).iterdir())

    def test_packed_shards_train_verify_and_inspect(self):
        out, _ = self.pack("--shards", "3")
        self.assertIn("data.format=shards", out)
        self.assertEqual(len(self.names()), 13)  # two splits of three shards with indexes, classes
        self.stoker("data", "verify", "packed")
        found = json.loads(self.stoker("data", "inspect", "packed", "--split", "train", "--json")[0])
        self.assertEqual(found["images"], 60)
        source = json.loads(self.stoker("data", "inspect", "shapes/train", "--json")[0])
        self.assertEqual(found["classes"], source["classes"])
        self.assertEqual(found["mean"], source["mean"])

    def test_training_from_shards_is_training_from_the_folder(self):
        self.pack("--shards", "2")
        self.stoker("data", "pack", "shapes", "pixels", "--raw")
        runs = []
        for root, form in (("shapes", "image_folder"), ("packed", "shards"), ("pixels", "shards")):
            self.stoker("train", "tiny.yaml", f"name={root}", f"data.format={form}",
                        f"data.root={root}", "train.max_steps=4", "data.threads=2")
            runs.append([m["loss"] for m in self.metrics(f"runs/{root}/1")])
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(runs[0], runs[2])

    def test_a_changed_byte_is_found_by_verify_and_a_foreign_index_when_opened(self):
        self.pack("--split", "train")
        shard = self.folder / "packed" / "train-000000.tar"
        good = shard.read_bytes()
        shard.write_bytes(good[:700] + bytes([good[700] ^ 1]) + good[701:])
        out, err = self.stoker("data", "verify", "packed", expect=3)
        self.assertIn("train-000000.tar:000000000", out + err)
        shard.write_bytes(good + bytes(512))
        _, err = self.stoker("data", "verify", "packed", expect=3)
        self.assertIn("stoker data index", err)
        self.stoker("data", "index", "packed")
        self.stoker("data", "verify", "packed")

    def test_index_of_foreign_shards(self):
        self.pack("--split", "train", "--shards", "2")
        for index in (self.folder / "packed").glob("*.idx"):
            index.unlink()
        _, err = self.stoker("data", "verify", "packed")
        self.assertIn("have no index", err)
        out, _ = self.stoker("data", "index", "packed")
        self.assertIn("2 of 2", out)
        self.assertIn("0 of 2", self.stoker("data", "index", "packed")[0])
        self.assertNotIn("have no index", self.stoker("data", "verify", "packed")[1])

    def stop_while_packing(self, number):
        packing = self.start("data", "pack", "shapes", "packed", "--raw", "--shards", "60",
                             "--threads", "1")
        deadline = time.time() + 60
        while not list(self.folder.glob(".packed.packing-*/train-000003.tar")):
            self.assertIsNone(packing.poll(), "it was faster than the test")
            self.assertLess(time.time(), deadline)
            time.sleep(0.001)
        packing.send_signal(number)
        _, err = packing.communicate(timeout=60)
        self.assertFalse((self.folder / "packed").exists())
        return packing.returncode, err

    def test_killed_while_packing_leaves_nothing_that_looks_whole(self):
        self.stop_while_packing(signal.SIGKILL)
        self.pack()
        self.assertFalse(list(self.folder.glob(".packed*")))

    def test_interrupted_while_packing_leaves_nothing(self):
        code, err = self.stop_while_packing(signal.SIGINT)
        self.assertEqual(code, 75)
        self.assertIn("interrupted", err)
        self.assertFalse(list(self.folder.glob(".packed*")))

    def test_what_is_there_is_not_overwritten(self):
        self.pack()
        before = self.names()
        _, err = self.pack(expect=3)
        self.assertIn("is there already", err)
        self.assertEqual(self.names(), before)

    def test_a_config_names_the_source(self):
        out, _ = self.stoker("data", "pack", "tiny.yaml", "packed", "--json", "--raw",
                             "data.format.train_images=20", "data.format.val_images=10")
        packed = json.loads(out)
        self.assertEqual([(p["split"], p["images"]) for p in packed], [("train", 20), ("val", 10)])

    def test_options_that_exclude_each_other(self):
        for options in (("--raw", "--quality", "80"), ("--short-side", "9", "--long-side", "9"),
                        ("--shards", "2", "--shard-mib", "9"), ("--quality", "0")):
            self.pack(*options, expect=2)

    def test_the_webdataset_package_reads_them(self):
        python = os.environ.get("STOKER_WEBDATASET_PYTHON", sys.executable)
        if subprocess.run([python, "-c", "import webdataset"], capture_output=True).returncode:
            self.skipTest("the webdataset package is not installed")
        expected = None
        for options in ((), ("--raw",)):
            folder = self.folder / ("packed" + "".join(options))
            self.stoker("data", "pack", "shapes", folder, "--split", "train", "--shards", "1", *options)
            result = subprocess.run([python, "-c", READ, str(folder / "train-000000.tar")],
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr)
            found = json.loads(result.stdout)
            self.assertEqual(len(found), 60)
            self.assertEqual(found[7][:3], ["000000007", found[7][1], [24, 24, 3]])
            expected = expected or found
            self.assertEqual(found, expected)  # PNG and pixels are the same images


if __name__ == "__main__":
    unittest.main()
