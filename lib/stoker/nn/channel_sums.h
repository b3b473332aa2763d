// Two sums a channel over a batch, and parameters a channel repeated to the width of a line.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "stoker/nn/channel_lines.h"

namespace stoker::nn {

// One value a channel, repeated for each pixel of a line.
class LineParameter {
 public:
  // value(channel) gives the float.
  template <class Value>
  LineParameter(const ChannelLines& lines, const Value& value)
      : values_(static_cast<size_t>(lines.width())) {
    for (int64_t c = 0; c < lines.channels; ++c) values_[static_cast<size_t>(c)] = value(c);
    for (size_t i = static_cast<size_t>(lines.channels); i < values_.size(); ++i)
      values_[i] = values_[i - static_cast<size_t>(lines.channels)];
  }
  const float* data() const { return values_.data(); }

 private:
  std::vector<float> values_;
};

struct ChannelSums {
  std::vector<double> first, second;  // a value a channel
};

// body(at, lines, width, first, second) adds to the sums of the columns of a line. The result is
// the same for any number of threads.
template <class Body>
ChannelSums channel_sums(const ChannelLines& lines, const Body& body) {
  const auto width = static_cast<size_t>(lines.width());
  const auto chunks = static_cast<size_t>(lines.chunks);
  std::vector<double> partial(2 * width * chunks);
  lines.for_each_chunk([&](int64_t chunk, int64_t at, int64_t count, int64_t line_width) {
    double* const first = partial.data() + 2 * width * static_cast<size_t>(chunk);
    body(at, count, line_width, first, first + width);
  });
  const auto channels = static_cast<size_t>(lines.channels);
  ChannelSums sums{std::vector<double>(channels), std::vector<double>(channels)};
  for (size_t chunk = 0; chunk < chunks; ++chunk) {
    for (size_t i = 0; i < width; ++i) {
      sums.first[i % channels] += partial[2 * width * chunk + i];
      sums.second[i % channels] += partial[2 * width * chunk + width + i];
    }
  }
  return sums;
}

}  // namespace stoker::nn
