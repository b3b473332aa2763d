"""The check of header examples itself: what is there passes, what is gone is named."""
import pathlib
import tempfile
import unittest

import check_examples


class ExamplesTest(unittest.TestCase):
    def problems(self, header):
        with tempfile.TemporaryDirectory() as folder:
            top = pathlib.Path(folder)
            (top / "lib").mkdir()
            (top / "apps").mkdir()
            (top / "lib/a.h").write_text(header + "#pragma once\nclass Watch { int elapsed_s(); };\n")
            return list(check_examples.check(top))

    def test_what_is_there_passes(self):
        self.assertEqual(self.problems("// Time.\n//\n//   Watch watch;\n//   watch.elapsed_s();\n"), [])

    def test_a_member_that_is_gone_is_named(self):
        problems = self.problems("// Time.\n//\n//   Watch watch;\n//   watch.seconds();\n")
        self.assertEqual(len(problems), 1, problems)
        self.assertIn("names seconds", problems[0])

    def test_a_type_that_is_gone_is_named(self):
        self.assertIn("names Clock", self.problems("//   Clock watch;\n//   watch.elapsed_s();\n")[0])

    def test_prose_and_formulas_are_no_code(self):
        self.assertEqual(self.problems("// As the paper says:\n//   g += decay(p) * p\n// and so on.\n"), [])


if __name__ == "__main__":
    unittest.main()
