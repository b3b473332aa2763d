"""Golden numbers of the sweeps' mathematics, from torch and scipy.

    python3 tests/golden/search.py      # writes search.json beside it

Made with torch 2.11.0 and scipy 1.17.1.
"""

import json
import pathlib

import numpy
import torch
from scipy import stats

chance = numpy.random.default_rng(1)

# Every dimension of the table at points far apart: 4096 uses 13 of the directions.
engine = torch.quasirandom.SobolEngine(21)
points = engine.draw(4100, dtype=torch.float64)
rows = [0, 1, 2, 3, 4, 7, 8, 100, 1023, 1024, 2047, 2048, 4095, 4096, 4099]
sobol = [{"index": i, "point": points[i].tolist()} for i in rows]

quantiles = [{"p": p, "degrees": d, "t": float(stats.t.ppf(p, d))}
             for p in (0.6, 0.9, 0.95, 0.975, 0.995) for d in (0.7, 1, 2, 3.4, 10, 31.5, 1000)]

welch = []
for n_a, n_b in ((2, 2), (3, 3), (3, 5), (10, 4)):
    a = chance.normal(0.9, 0.02, n_a)
    b = chance.normal(0.88, 0.05, n_b)
    low, high = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    welch.append({"a": a.tolist(), "b": b.tolist(), "half_width": float(high - low) / 2})

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"sobol": sobol, "student": quantiles, "welch": welch}, indent=1) + "\n")
