#include "stoker/data/cached.h"

#include <atomic>
#include <cstring>

#include "data/files.h"
#include "stoker/core/error.h"
#include "stoker/core/parallel.h"
#include "stoker/data/image_folder.h"
#include "stoker/data/shapes.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

// Images of 4 x (3 + index), of value index; counts how often each is read.
class Counted : public Dataset {
 public:
  explicit Counted(int64_t size, int64_t broken = -1) : broken_(broken), reads_(size_t(size)) {
    for (int64_t i = 0; i < size; ++i)
      files_.push_back(test::plain_png(4, int32_t(3 + i), uint8_t(i)));
  }
  int64_t size() const override { return int64_t(files_.size()); }
  std::string name(int64_t index) const override { return fmt::format("image {}", index); }
  int64_t label(int64_t) const override { return 0; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    ++reads_[size_t(index)];
    const std::vector<std::byte>& file = files_[size_t(index)];
    scratch.assign(file.begin(), file.end() - (index == broken_ ? 20 : 0));
    return {.encoded = scratch};
  }
  int reads(int64_t index) const { return reads_[size_t(index)]; }

 private:
  int64_t broken_;
  std::vector<std::vector<std::byte>> files_;
  std::vector<std::string> classes_{"all"};
  mutable std::vector<std::atomic<int>> reads_;
};

constexpr int64_t kNoLimit = int64_t{1} << 40;

TEST_CASE("a kept image is read and decoded once", "[cached]") {
  const auto inner = std::make_shared<Counted>(5);
  const auto cached = keep_decoded(inner, {}, kNoLimit);
  std::vector<std::byte> scratch;
  for (int round = 0; round < 3; ++round)
    for (int64_t i = 0; i < 5; ++i) {
      const Record record = cached->get(i, scratch);
      REQUIRE(record.is_decoded());
      CHECK(record.pixels.width == 4);
      CHECK(record.pixels.height == 3 + i);
      CHECK(record.pixels.pixels[(2 + i) * record.pixels.row_bytes + 11] == i);
    }
  for (int64_t i = 0; i < 5; ++i) CHECK(inner->reads(i) == 1);
  CHECK(cached->name(3) == "image 3");
}

TEST_CASE("views of kept images outlive the scratch", "[cached]") {
  const auto cached = keep_decoded(std::make_shared<Counted>(2), {}, kNoLimit);
  std::vector<std::byte> scratch;
  const Record first = cached->get(1, scratch);
  cached->get(0, scratch);
  CHECK(first.pixels.pixels[0] == 1);
}

TEST_CASE("beyond its limit the cache passes images through", "[cached]") {
  const auto inner = std::make_shared<Counted>(4);
  const auto cached = keep_decoded(inner, {}, 4 * 3 * 3 + 4 * 4 * 3 + 60);
  std::vector<std::byte> scratch;
  for (int round = 0; round < 2; ++round)
    for (int64_t i = 0; i < 4; ++i) cached->get(i, scratch);
  CHECK(inner->reads(0) == 1);
  CHECK(inner->reads(1) == 1);
  CHECK(inner->reads(3) == 2);
  const Record record = cached->get(3, scratch);
  CHECK_FALSE(record.is_decoded());
  CHECK_FALSE(record.encoded.empty());
}

TEST_CASE("an image that cannot be decoded throws each time, the others stay", "[cached]") {
  const auto cached = keep_decoded(std::make_shared<Counted>(3, 1), {}, kNoLimit);
  std::vector<std::byte> scratch;
  for (int round = 0; round < 2; ++round) {
    CHECK_NOTHROW(cached->get(0, scratch));
    CHECK_THROWS_AS(cached->get(1, scratch), DataError);
    CHECK_NOTHROW(cached->get(2, scratch));
  }
}

TEST_CASE("threads that ask for the same images agree", "[cached]") {
  const auto shapes = make_shapes_dataset({.images = 50, .size = 9});
  const auto cached = keep_decoded(shapes, {}, kNoLimit);
  std::atomic<int> wrong{0};
  parallel_for(2000, 4, [&](int64_t i) {
    std::vector<std::byte> scratch, own;
    const Record record = cached->get(i % 50, scratch);
    const Record expected = shapes->get(i % 50, own);
    wrong += std::memcmp(record.pixels.pixels, expected.pixels.pixels, 9 * 9 * 3) != 0;
  });
  CHECK(wrong == 0);
}

TEST_CASE("the estimate is exact where all headers are read", "[cached]") {
  const Counted inner(6);
  int64_t bytes = 0;
  for (int64_t i = 0; i < 6; ++i) bytes += 4 * (3 + i) * 3;
  CHECK(decoded_bytes_estimate(inner, {}) == bytes);
  CHECK(decoded_bytes_estimate(*make_shapes_dataset({.images = 1000, .size = 10}), {}, 7) ==
        1000 * 300);
}

}  // namespace
}  // namespace stoker::data
