"""Runs one file of tests for CTest: `python run.py test_train`.

Exits with 77, which CTest reports as skipped, where nothing failed but something was left out for
lack of a package or a privilege: it is not to look as if it had passed.
"""

import sys
import unittest

result = unittest.main(sys.argv[1], argv=sys.argv[:1], verbosity=0, exit=False).result
for test, reason in result.skipped:
    print(f"skipped: {test}: {reason}", file=sys.stderr)
sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
