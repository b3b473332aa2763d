"""`stoker completion`: the scripts, in the shells that they are for (those that are installed)."""
import shutil
import subprocess
import unittest

from binary import BinaryTest

# What is typed, some words that are offered, and some that are not.
CASES = (
    ("stoker ", {"train", "data", "sweep", "completion"}, {"pack"}),
    ("stoker tr", {"train"}, {"tune"}),
    ("stoker data ", {"pack", "verify", "make"}, {"train"}),
    ("stoker data make ", {"shapes"}, {"pack"}),
    ("stoker train --", {"--resume", "--dry-run", "--help"}, {"--split"}),
    ("stoker eval runs/a/1 --split ", {"train", "val"}, {"--split", "csv"}),
    ("stoker predict runs/a/1 x.jpg --format ", {"text", "csv", "json"}, {"train"}),
    ("stoker completion ", {"bash", "zsh", "fish"}, {"train"}),
    ("stoker train tiny.yaml optimizer.mo", {"optimizer.momentum="}, {"optimizer.lr="}),
    ("stoker train tiny.yaml augment.pad_crop.", {"augment.pad_crop.pad="}, {"augment.flip.p="}),
    ("stoker data pack tiny.yaml out data.fo", {"data.format="}, {"optimizer.lr="}),
    ("stoker doctor --", {"--disk", "--json"}, {"--split"}),
    ("stoker doctor tiny.yaml train.ep", {"train.epochs="}, {"optimizer.lr="}),
    ("stoker train ti", {"tiny.yaml"}, {"train.epochs="}),
)
# What stands behind `=`: bash completes that alone, as it splits words there.
VALUES = (("stoker train tiny.yaml train.precision=", {"auto", "fp32", "bf16"}, {"sgd"}),
          ("stoker train tiny.yaml optimizer=a", {"adam", "adamw"}, {"sgd"}),
          ("stoker train tiny.yaml seed=3 optimizer.nesterov=", {"true", "false"}, {"sgd"}))

BASH = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
eval "set -- $2"
_stoker 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
"""

# The completion system runs only in a terminal: a zsh in a pseudo-terminal types the line and lists.
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell $'PS1=; unsetopt beep; stty -echo; autoload -U compinit; compinit -D -u; source '"$1"
zpty -w shell $'compadd() { if [[ " $* " == *" -O "* || " $* " == *" -A "* || " $* " == *" -D "* ]]; then builtin compadd "$@"; return; fi; local -a found; builtin compadd -O found "$@"; local one; for one in $found; do print -r -- "offer<$one>"; done; builtin compadd "$@"; }'
zpty -w shell $'show() { print end-of-offers; }; zle -C offer list-choices offer_all; offer_all() { _main_complete; print -r -- end-of-offers; }; bindkey "^I" offer; print ready'
zpty -r shell out '*ready*'
zpty -n -w shell "$2"$'\t'
while zpty -r shell out; do print -r -- "$out"; [[ $out == *end-of-offers* ]] && break; done
zpty -d shell
"""


class Completion(BinaryTest):
    def script(self, shell):
        out, _ = self.stoker("completion", shell)
        path = self.folder / f"completion.{shell}"
        path.write_text(out)
        return path

    def run_shell(self, *words):
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.stdout

    def check(self, offered, line, wanted, unwanted):
        self.assertLessEqual(wanted, offered, f"{line!r}: {sorted(offered)}")
        self.assertFalse(unwanted & offered, f"{line!r}: {sorted(offered)}")

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash(self):
        script = self.script("bash")
        for line, wanted, unwanted in CASES + VALUES:
            offered = set(self.run_shell("bash", "-c", BASH, "bash", script, line).split())
            self.check(offered, line, wanted, unwanted)

    def test_bash_where_the_equals_sign_is_a_letter(self):
        script = self.script("bash")
        out = self.run_shell("bash", "-c", "COMP_WORDBREAKS=' '\n" + BASH, "bash", script,
                             "stoker train tiny.yaml train.precision=b")
        self.assertEqual(out.split(), ["train.precision=bf16"])

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        script = self.script("fish")
        lines = CASES + tuple((line, {line.split()[-1].split("=")[0] + "=" + word for word in wanted},
                               unwanted) for line, wanted, unwanted in VALUES)
        for line, wanted, unwanted in lines:
            out = self.run_shell("fish", "--no-config", "-c",
                                 f"source {script}; complete --do-complete '{line}'")
            self.check({row.split("\t")[0] for row in out.splitlines()}, line, wanted, unwanted)

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh(self):
        script = self.script("zsh")
        self.assertEqual(self.run_shell("zsh", "-fn", script), "")
        for line, wanted, unwanted in CASES + VALUES:
            out = self.run_shell("zsh", "-f", "-c", ZSH, "zsh", script, line)
            offered = {row.split("offer<")[1].split(">")[0] for row in out.splitlines() if "offer<" in row}
            self.check(offered, line, wanted, unwanted)

    def test_every_file_is_whole(self):
        for shell in ("bash", "zsh", "fish"):
            text = self.script(shell).read_text()
            self.assertNotIn("{{", text)
            self.assertIn("train.batch_size=", text)
        _, err = self.stoker("completion", "tcsh", expect=2)
        self.assertIn("fish", err)


if __name__ == "__main__":
    unittest.main()
