import unittest

from binary import BinaryTest
from kills import Kills


class Kill(BinaryTest):
    def test_kills_at_random_moments_lose_nothing_and_change_nothing(self):
        done = Kills(self.folder, seed=20261125).run(kills=24)
        self.assertEqual(done.problems, [])
        self.assertGreaterEqual(done.kills, 24)
        self.assertGreater(done.while_training, 0)


if __name__ == "__main__":
    unittest.main()
