"""Comparisons of networks assert that all sides do the same work, by one check."""
import pathlib
import re
import sys
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
from same_work import check_same_work  # noqa: E402


class SameWork(unittest.TestCase):
    def test_equal_work_passes_and_unlike_work_ends_the_comparison(self):
        ours = {"parameters": 1000, "gflops_per_image": 2.0}
        check_same_work({"a": ours, "b": {**ours, "gflops_per_image": 2.01}, "c": dict(ours)})
        for unlike in ({"parameters": 1001}, {"gflops_per_image": 2.1}, {"gflops_per_image": 1.9}):
            with self.assertRaisesRegex(SystemExit, "unlike work: a .*c "):
                check_same_work({"a": ours, "b": dict(ours), "c": {**ours, **unlike}})

    def test_every_comparison_of_training_steps_asserts_it(self):
        trains = re.compile(r"\.backward\(\)")
        names = []
        for compare in BENCH.glob("*_compare.py"):
            text = compare.read_text()
            peers = [BENCH / name for name in re.findall(r"\w+_peer\.py", text)]
            if not any(trains.search(peer.read_text()) for peer in peers):
                continue
            names.append(compare.name)
            self.assertIn("from same_work import check_same_work", text, compare.name)
            self.assertRegex(text, r"\n +check_same_work\(", compare.name)
        self.assertGreaterEqual(len(names), 5, names)


if __name__ == "__main__":
    unittest.main()
