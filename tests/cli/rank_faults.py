"""What a training of several ranks comes to when one of them meets a fault, by fault and moment.

    STOKER_RANK_FAULT=build/tests/machine/librank_fault.so \\
        .venv/bin/python tests/cli/rank_faults.py [--launcher torchrun] [--only kill] [--ranks 4]

A library that is loaded into one rank (tests/machine/rank_fault.cpp) acts when that rank reaches a
stage. Each row of CASES says what the run has to come to: it ends in time, with that exit code,
names the rank and its host, and leaves no process behind.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from binary import BINARY, TINY
from ranks import free_port

LIMIT_S = 90
EXCHANGE_S = 4
# Weights of one layer that no other tensor is as large as: 24 x 768 float32.
OPTIONS = ["model={name: mlp, hidden: [24], batch_norm: true}", "train.epochs=40",
           "train.microbatch=2", "log.every_steps=1", "checkpoint.every_steps=5",
           "log.tensorboard=false", "dist.join_timeout_s=20", f"dist.timeout_s={EXCHANGE_S}"]
WEIGHT_BYTES = 24 * 768 * 4

# Of each: how the run ends under --devices (its exit code), and what is said.
STAGES = {"init": 1, "forward": 9, "backward": 9, "reduce": 9, "evaluate": 2, "save": 2}
RANGES = {"save": "snapshot"}
CODES = {"kill": 137, "stop": 4, "exit": 3, "memory": 5, "nan": 6, "disk": 3}
# Where the moment makes another ending the right one.
OTHER_CODES = {("nan", "init"): 2}  # ranks with different weights are refused
FAULTS = list(CODES)


@dataclasses.dataclass(frozen=True)
class Case:
    fault: str
    stage: str
    rank: int
    options: tuple = ()

    @property
    def code(self):
        return OTHER_CODES.get((self.fault, self.stage), CODES[self.fault])


def cases(ranks):
    """Only the first rank writes; the others' faults go around."""
    found = []
    for number, fault in enumerate(FAULTS):
        for stage in STAGES:
            writes = stage == "save" or fault == "disk"
            found.append(Case(fault, stage, 0 if writes else 1 + number % (ranks - 1)))
    return found


@dataclasses.dataclass
class Outcome:
    code: int
    text: str
    wall_s: float
    orphans: list
    problems: list


def processes_with(mark):
    """Those whose environment holds it, whoever their parent is."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def command_of(launcher, ranks, options):
    if launcher == "torchrun":
        torchrun = pathlib.Path(sys.executable).parent / "torchrun"
        return [torchrun, "--no-python", "--nproc-per-node", ranks, "--max-restarts", 0,
                "--monitor-interval", 0.2, "--master-port", free_port(), BINARY, "train",
                "tiny.yaml", *OPTIONS, *options]
    return [BINARY, "train", "tiny.yaml", *OPTIONS, *options, "--devices", f"cpu:{ranks}"]


def run(case, ranks, library, launcher="devices"):
    mark = f"STOKER_FAULT_RUN={uuid.uuid4()}"
    name, value = mark.split("=")
    count = STAGES[case.stage]
    environment = {
        **os.environ, name: value, "LD_PRELOAD": str(library),
        "NVTX_INJECTION64_PATH": str(library), "STOKER_FAULT_BYTES": str(WEIGHT_BYTES),
        "STOKER_FAULT": f"{case.rank} {case.fault} {RANGES.get(case.stage, case.stage)} {count}"}
    with tempfile.TemporaryDirectory(prefix="stoker-fault-") as folder:
        (pathlib.Path(folder) / "tiny.yaml").write_text(TINY)
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in command_of(launcher, ranks, case.options)],
                                   cwd=folder, env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        try:
            text, _ = process.communicate(timeout=LIMIT_S)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            code, text = None, "it did not end"
        wall_s = time.monotonic() - began
        time.sleep(0.2)
        orphans = processes_with(mark)
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)
        if code is None:
            text += process.communicate()[0]
    return judge(case, ranks, launcher, Outcome(code, text, wall_s, orphans, []))


def judge(case, ranks, launcher, outcome):
    if outcome.code is None:
        outcome.problems.append(f"did not end within {LIMIT_S} s")
    expected = case.code if launcher == "devices" else 1
    if outcome.code != expected:
        outcome.problems.append(f"exit code {outcome.code} in place of {expected}")
    if outcome.orphans:
        outcome.problems.append(f"{len(outcome.orphans)} processes were left")
    if f"rank {case.rank}" not in outcome.text:
        outcome.problems.append(f"rank {case.rank} is not named")
    if not re.search(rf"rank {case.rank}\b[^\n]*host {re.escape(socket.gethostname())}",
                     outcome.text):
        outcome.problems.append("its host is not named")
    return outcome


def last_words(text):
    said = [line for line in text.splitlines() if "stoker: " in line]
    return said[-1] if said else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--launcher", choices=["devices", "torchrun"], default="devices")
    parser.add_argument("--only", default="", help="faults or stages, by commas")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    library = pathlib.Path(os.environ["STOKER_RANK_FAULT"]).resolve()
    problems = ran = 0
    for case in cases(arguments.ranks):
        if only and case.fault not in only and case.stage not in only:
            continue
        outcome = run(case, arguments.ranks, library, arguments.launcher)
        ran += 1
        problems += bool(outcome.problems)
        print(f"{case.fault:7} {case.stage:9} rank {case.rank}  code {outcome.code}  "
              f"{outcome.wall_s:5.1f} s  {'; '.join(outcome.problems) or 'as it should be'}",
              flush=True)
        if outcome.problems or arguments.verbose:
            print("    " + "\n    ".join(outcome.text.strip().splitlines()[-8:]), flush=True)
    print(f"{ran} faults on one of {arguments.ranks} ranks under {arguments.launcher}: "
          f"{problems} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
