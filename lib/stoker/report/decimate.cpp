#include "stoker/report/decimate.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stoker::report {

namespace {

constexpr size_t kNone = ~size_t{0};

// Of [begin, end), ascending and without repetition, kNone behind them.
std::array<size_t, 3> outstanding(const std::vector<double>& values, size_t begin, size_t end) {
  size_t least = kNone, most = kNone, hole = kNone;
  for (size_t i = begin; i < end; ++i) {
    if (std::isnan(values[i])) {
      hole = i;
      continue;
    }
    if (least == kNone || values[i] < values[least]) least = i;
    if (most == kNone || values[i] > values[most]) most = i;
  }
  std::array<size_t, 3> found{least, most == least ? kNone : most, hole};
  std::ranges::sort(found);
  return found;
}

}  // namespace

Series decimated(const Series& series, size_t buckets) {
  const size_t n = series.size();
  if (buckets == 0 || n <= 2 * buckets) return series;
  Series few;
  size_t added = kNone;
  const auto add = [&](size_t i) {
    if (i == added) return;
    few.add(series.steps[i], series.values[i]);
    added = i;
  };
  add(0);
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    for (const size_t i :
         outstanding(series.values, bucket * n / buckets, (bucket + 1) * n / buckets))
      if (i != kNone && i >= added) add(i);
  }
  add(n - 1);
  return few;
}

}  // namespace stoker::report
