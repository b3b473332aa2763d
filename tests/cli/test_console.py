"""What a person sees: a bar on a terminal, plain lines elsewhere, and the advice on slow data."""
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import unicodedata
import unittest

from binary import BINARY, BinaryTest

# Many epochs, but no work between them.
SELDOM = ("eval.every_epochs=0", "checkpoint.every_epochs=0")
# As long as somebody needs to look at a bar.
LONG = ("train.epochs=100000", "train.max_time=2s", "log.every_steps=100000", *SELDOM)
SEQUENCE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
COLOR = re.compile(r"\x1b\[[0-9;]*m")
ERASE = re.compile(r"\r\x1b\[2K|\r\x1b\[\d+A\x1b\[J")


def columns_of(text):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def bars_of(screen):
    """What was drawn to be erased again."""
    pieces = [re.split(r"\r?\n", piece)[-1] for piece in ERASE.split(screen)]
    return [piece for piece in pieces if piece]


def environment(variables):
    """This one without what decides on colours, and with these variables."""
    rest = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "CLICOLOR_FORCE")}
    return {**rest, **variables}


class Console(BinaryTest):
    def on_terminal(self, *arguments, columns=80, then_columns=None, expect=0, stdout=None,
                    interrupt_at=None, **variables):
        """What the binary writes to a terminal of this width, which may change on the way."""
        terminal, end = pty.openpty()

        def resize(to):
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, to, 0, 0))

        resize(columns)
        process = subprocess.Popen([str(BINARY), *map(str, arguments)], cwd=self.folder,
                                   env=environment({"TERM": "xterm-256color", **variables}),
                                   stdout=end if stdout == "same" else subprocess.PIPE, stderr=end)
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
            if then_columns and "█".encode() in written:
                written = b""
                resize(then_columns)
                then_columns = None
            if interrupt_at and interrupt_at.encode() in written:
                process.send_signal(signal.SIGINT)
                interrupt_at = None
        os.close(terminal)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, expect, written)
        self.out = (out or b"").decode()
        return written.decode()

    def piped(self, *arguments, expect=0, **variables):
        return self.stoker(*arguments, expect=expect, env=environment(variables))

    def trained(self):
        self.stoker("train", "tiny.yaml")
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "200", "--size", "16")

    def test_a_bar_on_a_terminal_fits_its_width(self):
        shown = {40: "█", 80: "img/s", 200: "run ", 18: "epoch"}
        for columns, part in shown.items():
            with self.subTest(columns=columns):
                screen = self.on_terminal("train", "tiny.yaml", *LONG, columns=columns)
                bars = bars_of(screen)
                self.assertGreater(len(bars), 5, screen)
                self.assertLess(max(map(columns_of, bars)), columns)
                self.assertTrue(all(re.match(r"epoch \d+/100000", bar) or columns < 20
                                    for bar in bars[1:]), bars)
                self.assertTrue(any(part in bar for bar in bars[2:]), bars)
                self.assertEqual(any("█" in bar for bar in bars), columns > 18)
        self.assertRegex(bars_of(self.on_terminal("train", "tiny.yaml", *LONG, columns=200))[-1],
                         r"^epoch \d+/100000  [█░]{30} \d/6  loss \d\S+  lr \S+  [\d,]+ img/s  "
                         r"eta \d+:\d\d  run .+$")

    def test_a_bar_follows_the_terminal_when_it_is_resized(self):
        for before, after in ((200, 40), (40, 200), (80, 13)):
            with self.subTest(before=before, after=after):
                screen = self.on_terminal("train", "tiny.yaml", *LONG, columns=before,
                                          then_columns=after)
                bars = bars_of(screen)[3:]
                self.assertTrue(bars, screen)
                self.assertLess(max(map(columns_of, bars)), after)
                if after == 200:
                    steps = [bar for bar in bars if "/6" in bar]
                    # The first ones know no pace yet.
                    self.assertTrue(steps and "  eta " in steps[-1], bars)
        # The line that the narrower terminal wrapped is erased with all of its rows.
        self.assertRegex(self.on_terminal("train", "tiny.yaml", *LONG, columns=200,
                                          then_columns=40), r"\r\x1b\[[1-4]A\x1b\[J")

    def test_verbs_that_work_long_draw_on_standard_error_and_print_on_standard_output(self):
        self.trained()
        verbs = {
            ("eval", "runs/tiny/1"): (r"^val  [█░]+ 40/40", "top1"),
            ("predict", "runs/tiny/1", "shapes/val"): (r"^predict  [█░]+ 50/50", "%"),
            ("data", "verify", "shapes"): (r"^train  [█░]+ +\d+/200", "readable"),
            ("data", "inspect", "shapes"): (r"^train  [█░]+ +\d+/200", "mean"),
            ("data", "pack", "shapes", "packed"): (r"^train  ░+ +0/200", "Train on them"),
        }
        for arguments, (bar, result) in verbs.items():
            with self.subTest(arguments=arguments):
                screen = self.on_terminal(*arguments)
                self.assertTrue(any(re.search(bar, drawn) for drawn in bars_of(screen)), screen)
                self.assertNotIn("█", ERASE.split(screen)[-1])
                self.assertIn(result, self.out)
                self.assertNotIn("\x1b", self.out)
                for without in ({"TERM": "dumb"}, {"TERM": ""}):
                    shutil.rmtree(self.folder / "packed", ignore_errors=True)
                    self.assertNotIn("\x1b", self.on_terminal(*arguments, **without))
                shutil.rmtree(self.folder / "packed", ignore_errors=True)
                out, err = self.piped(*arguments)
                self.assertIn(result, out)
                self.assertNotRegex(out + err, r"[\x1b\r█░]")
        for arguments in (("eval", "runs/tiny/1"), ("predict", "runs/tiny/1", "shapes/val")):
            self.assertNotIn("\x1b", self.on_terminal(*arguments, "log.progress=false"))

    def test_results_and_a_bar_on_one_terminal_do_not_mix(self):
        self.trained()
        screen = self.on_terminal("predict", "runs/tiny/1", "shapes/val", "eval.batch_size=7",
                                  "--top", "1", stdout="same")
        lines = [SEQUENCE.sub("", ERASE.split(line)[-1]) for line in screen.splitlines()]
        predicted = [line for line in lines if re.fullmatch(r"shapes/val/\S+  \w+ [\d.]+%", line)]
        self.assertEqual(len(predicted), 50, screen)

    def test_packing_without_a_terminal_says_each_tenth(self):
        self.trained()
        _, err = self.piped("data", "pack", "shapes", "packed", "--threads", "1")
        lines = err.splitlines()
        self.assertRegex(lines[0], r"^train  \d+ of 200 images \(\d+%\)  [\d,]+ img/s$")
        self.assertRegex(lines[-1], r"^val  50 of 50 images \(100%\)")
        self.assertLessEqual(len(lines), 22)

    def test_results_go_to_standard_output_and_all_else_to_standard_error(self):
        out, err = self.piped("train", "tiny.yaml", "--dry-run")
        self.assertIn("96 training", out)
        self.assertNotIn("96 training", err)
        out, err = self.piped("train", "tiny.yaml")
        self.assertEqual(out, "")
        self.assertIn("step 18/18", err)
        for arguments, result in ((("config", "print", "tiny.yaml"), "batch_size"),
                                  (("config", "schema"), "$schema"),
                                  (("bench", "step", "tiny.yaml"), "images"),
                                  (("resume-check", "runs/tiny/1"), "same: ")):
            with self.subTest(arguments=arguments):
                out, err = self.piped(*arguments)
                self.assertIn(result, out.lower())
                self.assertNotRegex(out + err, r"[\x1b\r█░]")

    def test_where_nothing_can_be_drawn_there_are_plain_lines(self):
        screen = self.on_terminal("train", "tiny.yaml", TERM="dumb")
        self.assertNotIn("\x1b", screen)
        screen = self.on_terminal("train", "tiny.yaml", "log.progress=false")
        self.assertNotRegex(screen, ERASE)
        _, err = self.piped("train", "tiny.yaml")
        self.assertNotIn("\x1b", err)
        self.assertNotIn("\r", err)

    def test_what_an_interrupt_says_takes_the_place_of_a_bar_where_there_may_be_one(self):
        words = ("train", "tiny.yaml", "train.epochs=100000", *SELDOM)
        for terminal in ("xterm", "dumb"):
            screen = self.on_terminal(*words, expect=75, interrupt_at="step 6", TERM=terminal)
            self.assertIn("stopping after this step", screen)
            self.assertEqual("\r\x1b[Kstopping" in screen, terminal == "xterm")
            self.assertEqual("\x1b" in screen, terminal == "xterm")

    def test_colour_is_left_out_when_it_is_not_wanted(self):
        # More than the set holds: a warning.
        words = ["train", "tiny.yaml", "train.batch_size=1000", "log.progress=false"]
        for variables in ({}, {"NO_COLOR": ""}):
            screen = self.on_terminal(*words, **variables)
            self.assertIn("\x1b[33mwarning: \x1b[0m", screen)
            self.assertIn("\x1b[2mloss\x1b[0m ", screen)
        for variables in ({"NO_COLOR": "1"}, {"NO_COLOR": "no", "CLICOLOR_FORCE": "1"},
                          {"TERM": "dumb"}):
            plain = self.on_terminal(*words, **variables)
            self.assertIn("warning: ", plain)
            self.assertNotIn("\x1b", plain)

    def test_colour_off_a_terminal_is_for_those_who_force_it_and_never_for_files(self):
        words = ["train", "tiny.yaml", "train.batch_size=1000"]
        _, err = self.piped(*words, CLICOLOR_FORCE="1", TERM="dumb")
        self.assertRegex(err, COLOR)
        self.assertNotRegex(err, ERASE)
        for variables in ({"CLICOLOR_FORCE": "0"}, {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}):
            _, err = self.piped(*words, **variables)
            self.assertNotRegex(err, COLOR)
        for log in self.folder.glob("runs/tiny/*/log.txt"):
            self.assertNotRegex(log.read_text(), r"[\x00-\x09\x0b-\x1f]")

    def test_an_error_is_red_on_a_terminal(self):
        screen = self.on_terminal("train", "tiny.yaml", "model.hiden=[3]", expect=2)
        self.assertIn("\x1b[31mstoker: configuration:\x1b[0m ", screen)
        _, err = self.piped("train", "tiny.yaml", "model.hiden=[3]", expect=2)
        self.assertTrue(err.startswith("stoker: configuration: "), err)

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
        self.assertEqual(err.count("warning: training waits for images"), 1, err)
        self.assertIn("Reading is the slowest", err)
        record = [r for r in self.metrics("runs/tiny/1") if r["split"] == "train"][-1]
        self.assertGreater(record["data_wait"], 0.1)
        self.assertGreater(record["read_us"], record["augment_us"])

    def test_data_that_keeps_up_is_not_talked_about(self):
        _, err = self.stoker("train", "tiny.yaml", "train.epochs=20", *SELDOM)
        self.assertNotIn("waits for images", err)


if __name__ == "__main__":
    unittest.main()
