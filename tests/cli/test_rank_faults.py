"""The cheap part of rank_faults.py: each fault once, at each stage once. STOKER_RANK_FAULTS=all takes
every fault at every stage, under both launchers."""

import os
import pathlib
import sys
import unittest

from rank_faults import Case, cases, run

FEW = [Case("kill", "forward", 0), Case("stop", "reduce", 1), Case("exit", "evaluate", 1),
       Case("memory", "backward", 1), Case("nan", "init", 1), Case("nan", "forward", 1),
       Case("disk", "save", 0),
       # The others wait within their passes.
       Case("memory", "backward", 1, ("dist.mesh.pipeline=2",)),
       Case("kill", "forward", 0, ("dist.mesh.pipeline=2",))]
UNDER_TORCHRUN = [Case("kill", "backward", 1)]


@unittest.skipUnless("STOKER_RANK_FAULT" in os.environ, "built without NVTX, by which stages tell")
class RankFaults(unittest.TestCase):
    def check(self, chosen, ranks, launcher):
        for case in chosen:
            with self.subTest(fault=case.fault, stage=case.stage, launcher=launcher):
                outcome = run(case, ranks, os.environ["STOKER_RANK_FAULT"], launcher)
                self.assertEqual(outcome.problems, [], outcome.text)

    def test_a_fault_of_one_rank_ends_all_and_names_it(self):
        all_of_them = os.environ.get("STOKER_RANK_FAULTS") == "all"
        self.check(cases(4) if all_of_them else FEW, 4 if all_of_them else 2, "devices")

    def test_under_torchrun_too(self):
        if not (pathlib.Path(sys.executable).parent / "torchrun").exists():
            self.skipTest("no torchrun beside this Python")
        all_of_them = os.environ.get("STOKER_RANK_FAULTS") == "all"
        self.check(cases(4) if all_of_them else UNDER_TORCHRUN, 4 if all_of_them else 2, "torchrun")


if __name__ == "__main__":
    unittest.main()
