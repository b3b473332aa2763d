"""What a person sees: a bar on a terminal, plain lines elsewhere, and the advice on slow data."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

from binary import BINARY, BinaryTest

# Many epochs, but no work between them.
SELDOM = ("eval.every_epochs=0", "checkpoint.every_epochs=0")
SEQUENCE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Console(BinaryTest):
    def on_terminal(self, *arguments, columns=80, **variables):
        """What the binary writes to a terminal of this width."""
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        environment.update({"TERM": "xterm-256color", **variables})
        process = subprocess.Popen([str(BINARY), *arguments], cwd=self.folder, env=environment,
                                   stdout=subprocess.PIPE, stderr=end)
        os.close(end)
        written = b""
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            written += piece
        os.close(terminal)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, written)
        return written.decode()

    def test_a_bar_on_a_terminal_fits_its_width(self):
        for columns in (80, 18):
            with self.subTest(columns=columns):
                screen = self.on_terminal("train", "tiny.yaml", "train.epochs=40",
                                          "log.every_steps=1000", *SELDOM, columns=columns)
                drawn = [line for line in re.split(r"[\r\n]", screen) if "\x1b[2K" in line]
                bars = [SEQUENCE.sub("", line) for line in drawn]
                bars = [bar for bar in bars if re.fullmatch(r"epoch \d+/40 .*\d+/6", bar)]
                self.assertTrue(bars, screen)
                self.assertLess(max(map(len, bars)), columns)
                self.assertEqual(any("█" in bar for bar in bars), columns == 80)

    def test_where_nothing_can_be_drawn_there_are_plain_lines(self):
        screen = self.on_terminal("train", "tiny.yaml", TERM="dumb")
        self.assertNotIn("\x1b", screen)
        screen = self.on_terminal("train", "tiny.yaml", "log.progress=false")
        self.assertNotIn("\x1b[2K", screen)
        _, err = self.stoker("train", "tiny.yaml")
        self.assertNotIn("\x1b", err)
        self.assertNotIn("\r", err)

    def test_colour_is_left_out_when_it_is_not_wanted(self):
        # More than the set holds: a warning.
        words = ["train", "tiny.yaml", "train.batch_size=1000", "log.progress=false"]
        self.assertIn("\x1b[", self.on_terminal(*words))
        plain = self.on_terminal(*words, NO_COLOR="1")
        self.assertIn("warning: ", plain)
        self.assertNotIn("\x1b", plain)

    def test_training_goes_on_when_its_reader_leaves(self):
        result = subprocess.run(
            f"'{BINARY}' train tiny.yaml 2>&1 >/dev/null | head -n 1; exit ${{PIPESTATUS[0]}}",
            shell=True, executable="/bin/bash", cwd=self.folder, capture_output=True, text=True,
            timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.summary("runs/tiny/1")["steps"], 18)
        self.assertIn("step 18/18", (self.folder / "runs/tiny/1/log.txt").read_text())

    def test_slow_data_is_said_once_with_what_to_change(self):
        # Images of 400x400, drawn anew each time, for a network that hardly computes.
        slow = ["data.format.size=400", "data.cache=none", "data.threads=1", "train.epochs=100",
                "log.every_steps=1", "train.max_time=5s", "data.format.val_images=10",
                "model.hidden=[1]", *SELDOM]
        _, err = self.stoker("train", "tiny.yaml", *slow)
        self.assertEqual(err.count("training waits for images"), 1, err)
        self.assertIn("Reading is the slowest", err)
        record = [r for r in self.metrics("runs/tiny/1") if r["split"] == "train"][-1]
        self.assertGreater(record["data_wait"], 0.1)
        self.assertGreater(record["read_us"], record["augment_us"])

    def test_data_that_keeps_up_is_not_talked_about(self):
        _, err = self.stoker("train", "tiny.yaml", "train.epochs=20", *SELDOM)
        self.assertNotIn("waits for images", err)


if __name__ == "__main__":
    unittest.main()
