#include "stoker/report/decimate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/catch.h"

using namespace stoker;
using report::Series;

namespace {

Series wave(int64_t points) {
  Series series;
  for (int64_t i = 0; i < points; ++i)
    series.add(3 * i, std::sin(static_cast<double>(i) / 500) + static_cast<double>(i % 7) / 50);
  return series;
}

bool holds(const Series& series, int64_t step, double value) {
  const auto found = std::ranges::find(series.steps, step);
  return found != series.steps.end() &&
         series.values[static_cast<size_t>(found - series.steps.begin())] == value;
}

}  // namespace

TEST_CASE("of a long series every peak of a single step is kept, wherever it stands") {
  for (const size_t at : {0, 1, 49, 50, 51, 33'333, 99'949, 99'950, 99'998, 99'999}) {
    Series series = wave(100'000);
    series.values[at] = 9;
    series.values[(at + 500) % 100'000] = -9;
    const Series few = report::decimated(series, 2000);
    CHECK(few.size() <= 4002);
    CHECK(holds(few, series.steps[at], 9));
    CHECK(holds(few, series.steps[(at + 500) % 100'000], -9));
    CHECK(std::ranges::is_sorted(few.steps));
    CHECK(std::ranges::adjacent_find(few.steps) == few.steps.end());
    CHECK(few.steps.front() == 0);
    CHECK(few.steps.back() == 3 * 99'999);
  }
}

TEST_CASE("a short series stays as it is") {
  const Series series = wave(200);
  CHECK(report::decimated(series, 100).steps == series.steps);
  CHECK(report::decimated(series, 0).values == series.values);
  CHECK(report::decimated(Series{}, 10).size() == 0);
}

TEST_CASE("values that are no number stay as one hole a stretch") {
  Series series = wave(1000);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 500; i < 600; ++i) series.values[i] = nan;
  series.values[3] = nan;
  const Series few = report::decimated(series, 10);
  const auto holes = std::ranges::count_if(few.values, [](double v) { return std::isnan(v); });
  CHECK(holes == 2);
  CHECK(few.size() <= 2 * 10 + 2 + 2);
}
