// A data set in memory whose every pixel is a formula of (sample, place), with faults on request.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::test {

struct FakeSize {
  int32_t width = 7, height = 5, channels = 3;
};

class FakeDataset final : public data::Dataset {
 public:
  using SizeOf = std::function<FakeSize(int64_t)>;

  explicit FakeDataset(
      int64_t size, SizeOf size_of = [](int64_t) { return FakeSize{}; })
      : size_(size), size_of_(std::move(size_of)) {}

  // Called by get() before anything else; throws or waits where a test wants that.
  std::function<void(int64_t)> before_get = [](int64_t) {};

  static uint8_t pixel(int64_t sample, int64_t place) {
    return static_cast<uint8_t>(sample * 31 + place * 7 + 3);
  }

  int64_t size() const override { return size_; }
  std::string name(int64_t index) const override {
    return "fake/" + std::to_string(index) + ".img";
  }
  int64_t label(int64_t index) const override { return index % 3; }
  const std::vector<std::string>& class_names() const override { return names_; }
  data::Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    before_get(index);
    const FakeSize size = size_of_(index);
    scratch.resize(size_t(size.width) * size_t(size.height) * size_t(size.channels));
    for (size_t i = 0; i < scratch.size(); ++i) scratch[i] = std::byte{pixel(index, int64_t(i))};
    data::Record record;
    record.pixels = {reinterpret_cast<const uint8_t*>(scratch.data()), size.width, size.height,
                     size.channels, int64_t{size.width} * size.channels};
    return record;
  }

 private:
  int64_t size_;
  SizeOf size_of_;
  std::vector<std::string> names_{"a", "b", "c"};
};

}  // namespace stoker::test
