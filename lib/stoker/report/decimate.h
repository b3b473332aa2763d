// A long series in few points without losing what stands out.
//
//   Series few = decimated(series, 2000);   // at most 4,000 points, every peak among them
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stoker::report {

// Values over steps, in the order of the steps. NaN stands for what was no number.
struct Series {
  std::vector<int64_t> steps;
  std::vector<double> values;
  void add(int64_t step, double value) {
    steps.push_back(step);
    values.push_back(value);
  }
  size_t size() const { return steps.size(); }
};

// The first and the last point, and of each of `buckets` stretches of equal numbers of points the
// least and the greatest value where they stand, and one NaN where there is one. What is short
// enough stays as it is.
Series decimated(const Series& series, size_t buckets);

}  // namespace stoker::report
