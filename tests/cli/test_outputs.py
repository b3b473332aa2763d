"""Files that the command line asks for: through links, into pipes and devices, to standard output."""
import csv
import io
import json
import os
import pty
import shutil
import stat
import subprocess
import threading
import unittest

from binary import BINARY, BinaryTest

OPTIONS = (["eval", "runs/tiny/1", "--per-class"], ["eval", "runs/tiny/1", "--confusion"],
           ["data", "inspect", "shapes/train", "--sheet"],
           ["data", "inspect", "--augment", "tiny.yaml", "--sheet"])


class Outputs(BinaryTest):
    def setUp(self):
        super().setUp()
        self.stoker("train", "tiny.yaml", "train.max_steps=2")
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "20", "--size", "16")

    def name(self, option, stem):
        """With the extension that the option wants."""
        return f"{stem}.png" if option[-1] == "--sheet" else f"{stem}.csv"

    def assert_written(self, option, content):
        if option[-1] == "--sheet":
            self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n")
        else:
            self.assertEqual(len(content.decode().splitlines()), 11)

    def test_links_are_followed_and_stay(self):
        (self.folder / "elsewhere").mkdir()
        for option in OPTIONS:
            link, new = self.name(option, "link"), self.name(option, "new")
            target = self.folder / "elsewhere" / link
            target.write_text("old")
            for name in (link, new):
                (self.folder / name).unlink(missing_ok=True)
                (self.folder / name).symlink_to(f"elsewhere/{name}")
                self.stoker(*option, name)
                self.assertTrue((self.folder / name).is_symlink())
                self.assert_written(option, (self.folder / "elsewhere" / name).read_bytes())
            shutil.rmtree(self.folder / "elsewhere")
            (self.folder / "elsewhere").mkdir()

    def test_a_pipe_gets_the_bytes_and_stays(self):
        for option in OPTIONS:
            pipe = self.folder / "pipe"
            os.mkfifo(pipe)
            got = []
            reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
            reader.start()
            self.stoker(*option, "pipe")
            reader.join(timeout=30)
            self.assert_written(option, got[0])
            self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))
            pipe.unlink()

    def test_a_device_is_written_into(self):
        try:
            os.mknod(self.folder / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
            os.mknod(self.folder / "full", stat.S_IFCHR | 0o600, os.makedev(1, 7))
            open(self.folder / "null", "wb").close()
        except OSError:
            self.skipTest("needs the right to make devices")
        for option in OPTIONS:
            self.stoker(*option, "null")
            _, err = self.stoker(*option, "full", expect=3)
            self.assertIn("full: cannot write: No space left on device", err)
            for name in ("null", "full"):
                self.assertTrue(stat.S_ISCHR((self.folder / name).stat().st_mode))

    def test_a_dash_is_standard_output(self):
        for option in OPTIONS:
            process = subprocess.run([BINARY, *option, "-"], cwd=self.folder, capture_output=True,
                                     timeout=120)
            self.assertEqual(process.returncode, 0, process.stderr)
            self.assertFalse((self.folder / "-").exists())
            if option[-1] == "--confusion":
                self.assertIn(b"confusion (row: label", process.stdout)
            else:
                self.assert_written(option, process.stdout)
        out, err = self.stoker("eval", "runs/tiny/1", "--per-class", "-")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(out)))), 10)
        self.assertIn("top1", err)

    def test_a_first_config_is_an_output_as_others_are(self):
        words = ["config", "init", "shapes", "--out"]
        out, err = self.stoker(*words, "-")
        self.assertTrue(out.startswith("# 20 images of"), out)
        self.assertFalse((self.folder / "-").exists())
        self.assertEqual(self.stoker(*words[:-1]), (out, err))
        os.mkfifo(self.folder / "pipe")
        got = []
        reader = threading.Thread(target=lambda: got.append((self.folder / "pipe").read_text()))
        reader.start()
        self.stoker(*words, "pipe")
        reader.join(timeout=30)
        self.assertEqual(got, [out])
        self.assertTrue(stat.S_ISFIFO((self.folder / "pipe").stat().st_mode))
        (self.folder / "link.yaml").symlink_to("first.yaml")
        self.stoker(*words, "link.yaml")
        self.assertTrue((self.folder / "link.yaml").is_symlink())
        self.assertEqual((self.folder / "first.yaml").read_text(), out)
        for name in ("link.yaml", "first.yaml"):
            _, err = self.stoker("config", "init", "absent", "--out", name, expect=2)
            self.assertIn(f"--out {name}: is there already", err)
        _, err = self.stoker("config", "init", "absent", "--out", "no/c.yaml", expect=2)
        self.assertIn("the folder no is not there", err)

    def test_what_does_not_reach_its_reader_is_no_success(self):
        for words in (["--version"], ["--help"], ["eval", "--help"], ["config", "init", "shapes"],
                      ["completion", "bash"], ["config", "reference"], ["models"], ["doctor"]):
            with self.subTest(words=words), open("/dev/full", "w") as full:
                done = subprocess.run([BINARY, *words], cwd=self.folder, stdout=full,
                                      stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertRegex(done.stderr,
                                 "standard output: (cannot write: )?No space left on device")

    def test_standard_output_has_one_use(self):
        for words in (["eval", "runs/tiny/1", "--json", "--per-class", "-"],
                      ["eval", "runs/tiny/1", "--json", "--confusion", "-"],
                      ["eval", "runs/tiny/1", "--per-class", "-", "--confusion", "-"],
                      ["data", "inspect", "shapes/train", "--json", "--sheet", "-"]):
            _, err = self.stoker(*words, expect=2)
            self.assertIn("standard output", err)
        out, _ = self.stoker("eval", "runs/tiny/1", "--json", "--per-class", "c.csv")
        json.loads(out)

    def test_a_picture_does_not_go_to_a_terminal(self):
        master, end = pty.openpty()
        done = subprocess.run([BINARY, "data", "inspect", "shapes/train", "--sheet", "-"],
                              cwd=self.folder, stdout=end, stderr=subprocess.PIPE, text=True,
                              timeout=60)
        os.close(end)
        os.close(master)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("terminal", done.stderr)

    def test_what_cannot_be_written_is_said_before_the_work(self):
        (self.folder / "folder.png").mkdir()
        (self.folder / "folder.csv").mkdir()
        for option in OPTIONS:
            absent = [word.replace("runs/tiny/1", "runs/absent") for word in option]
            name = self.name(option, "folder")
            _, err = self.stoker(*absent, name, expect=2)
            self.assertIn(f"{option[-1]} {name}: is a directory", err)
            _, err = self.stoker(*absent, "nowhere/" + name, expect=2)
            self.assertIn("the folder nowhere is not there", err)


if __name__ == "__main__":
    unittest.main()
