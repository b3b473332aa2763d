// Which micro-batches to look at: a few small ones for their memory, then a list for their speed.
//
//   while (const auto size = next_memory_probe(probes, range, limit_bytes)) probes.push_back(…);
//   const Line line = fit_line(probes);
//   for (const int64_t size : sizes_to_time({1, largest_under(line, …)})) …
//   for (const int64_t size : sizes_near_knee(timed, knee)) …   // then, between two of those
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "stoker/tuning/line_fit.h"

namespace stoker::tuning {

struct SizeRange {
  int64_t smallest = 1;  // batch norm may ask for 2
  int64_t largest = 1;   // the batch, or what fits
};

// The next size whose peak is worth measuring: three in all, up to six where the largest that fits
// is far beyond them or their memory bends; the first is the smallest, each later one up to four
// times the one before, none predicted above `share` of the limit. From one probe the prediction
// takes all memory to be the images', which errs on the safe side. None when there is no larger
// size within that: the probes so far are what there is.
std::optional<int64_t> next_memory_probe(std::span<const Probe> probes, const SizeRange& range,
                                         int64_t limit_bytes, double share = 0.5);

// The powers of two within the range, and its two ends.
std::vector<int64_t> sizes_to_time(const SizeRange& range);

// What micro-batches of at most these sizes become where a step of `batch` images is divided
// evenly, each once, ascending: of 256 images at most 192 are two micro-batches of 128. Sizes from
// the batch on stay.
std::vector<int64_t> sizes_of_steps(std::span<const int64_t> sizes, int64_t batch);

// Sizes between the knee and the largest timed one below it (halfway, and three quarters), of those
// that are not timed yet; a second look where the rate bends. timed: ascending.
std::vector<int64_t> sizes_near_knee(std::span<const int64_t> timed, int64_t knee);

}  // namespace stoker::tuning
