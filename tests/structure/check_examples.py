#!/usr/bin/env python3
"""Fails when the example at the top of a header names what is no longer there.

    check_examples.py [TOP]

A header opens with what it is for and the shape of its use, indented in the comment:

    //   Stopwatch watch;
    //   watch.elapsed_s();

Each function, member and type of these lines must stand somewhere in the code of lib or apps, outside
of comments.
"""
import pathlib
import re
import sys

EXAMPLE = re.compile(r"^//   +(.*)$")
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*(?:<[\w:, ]*>)?\(")
MEMBER = re.compile(r"(?:\.|->)([a-z_]\w*)\b")
FIELD = re.compile(r"\{?\.([a-z_]\w*) ?=")
TYPE = re.compile(r"\b([A-Z][a-z]+\w*)\b(?=\s+\w+\s*[=({;]|::|\s*[({])")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
KEYWORDS = {"if", "for", "while", "return", "sizeof", "switch", "catch", "decltype"}
# An ellipsis, or letters that no code has, mark lines that are no code: formulas, tables, YAML, shell.
PROSE = re.compile(r"^\W*$|^[a-z ]+:(?!:)|^\$|^\{\"|^stoker |^[-+*|]|→|^\w+/|^[a-z_]+ {2,}|^step |^runs/|^[A-Z][a-z]+ [a-z]+ ")


DECLARED = re.compile(r"\b[A-Z]\w*(?:<[\w:, <>]*>)?[&*]? (\w+)\s*[({]")
CODE = re.compile(r"[;{}]\s*(//.*)?$|\)\s*;")


def examples(text):
    """The indented parts of the opening comment that are code, line by line."""
    part = []
    for line in [*text.splitlines(), ""]:
        found = EXAMPLE.match(line)
        if found:
            part.append(found.group(1))
            continue
        if any(CODE.search(code) and not PROSE.search(code) for code in part):
            yield from (code for code in part if not PROSE.search(code))
        part = []
        if not line.startswith("//"):
            return


def names_in(line):
    code = re.sub(r"//.*", "", line)
    code = re.sub(r"\"(?:\\.|[^\"\\])*\"", '""', code)
    for pattern in (CALL, MEMBER, FIELD, TYPE):
        for name in pattern.findall(code):
            if name not in KEYWORDS:
                yield name


def check(top):
    sources = [f for room in ("lib", "apps") for f in (top / room).rglob("*")
               if f.suffix in (".h", ".cpp", ".cu", ".cuh")]
    known = set()
    for file in sources:
        known.update(re.findall(r"\w+", COMMENT.sub(" ", file.read_text())))
    for file in sources:
        if file.suffix != ".h":
            continue
        for line in examples(file.read_text()):
            declared = set(DECLARED.findall(line))
            for name in sorted(set(names_in(line)) - known - declared):
                yield f"{file.relative_to(top)}: its example names {name}, which is not there: {line.strip()}"


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = list(check(top))
    print("\n".join(problems) if problems else "every example names what is there")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
