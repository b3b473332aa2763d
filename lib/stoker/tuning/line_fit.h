// The model of memory, peak = a + b * micro-batch, fitted to a few probed steps.
//
//   const Line line = fit_line({{2, 81'000'000}, {8, 207'000'000}, {24, 552'000'000}});
//   line.at(160);                                            // bytes
//   largest_under(line, limit_bytes - margin_bytes(limit_bytes), 4096);
//
// A step's peak is the largest of several sums, each linear in the micro-batch but for libraries'
// work space, which jumps where they choose another algorithm; with the small sizes another sum
// leads than with the large ones. So the line goes through the two largest probes, and `residual`
// says how far from it the others are.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "stoker/core/error.h"

namespace stoker::tuning {

// Probes through which no line goes that could be extrapolated.
class UnfitProbes : public DeviceError {
 public:
  explicit UnfitProbes(const std::string& message) : DeviceError(message) {}
};

struct Probe {
  int64_t microbatch = 0;  // at least 1
  int64_t peak_bytes = 0;  // above 0
};

struct Line {
  double base_bytes = 0;       // a: what no image takes part in
  double bytes_per_image = 0;  // b, above 0
  double residual = 0;         // the largest |predicted - measured| / measured of the probes

  int64_t at(int64_t microbatch) const;
};

// Throws UnfitProbes for fewer than two sizes, sizes or peaks below 1, and where memory does not
// grow between the two largest.
Line fit_line(std::span<const Probe> probes);

// Whether memory grew at another rate between the two largest sizes than between the two before:
// another sum may have come to lead, and a line through them need not lead on.
bool has_bent(std::span<const Probe> probes);

// The largest micro-batch predicted to take at most `bytes`, at most `cap`; 0 where not even one
// image fits.
int64_t largest_under(const Line& line, int64_t bytes, int64_t cap);

struct Margin {
  double share = 0.03;  // of the limit
  int64_t at_least_bytes = 64 * (1 << 20);
};
// What stays free below a limit: the larger of the two, at most a quarter of the limit.
int64_t margin_bytes(int64_t limit_bytes, const Margin& margin = {});

}  // namespace stoker::tuning
