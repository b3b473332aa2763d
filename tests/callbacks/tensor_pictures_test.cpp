#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "stoker/callbacks/batch_picture.h"
#include "stoker/callbacks/tensor_histogram.h"
#include "stoker/decode/decode.h"
#include "support/catch.h"

using namespace stoker;
using callbacks::tensor_histogram;

TEST_CASE("a histogram counts every finite value once, in growing buckets") {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const auto h = tensor_histogram(
      at::tensor(at::ArrayRef<float>({4, -4, 2, 2, kInf, -kInf, std::nanf("")})), 2);
  CHECK(h.count == 4);
  CHECK(h.min == -2);
  CHECK(h.max == 2);
  CHECK(h.sum == 2);
  CHECK(h.sum_of_squares == 10);
  REQUIRE(h.upper_limits.size() == h.counts.size());
  CHECK(std::ranges::is_sorted(h.upper_limits));
  CHECK(h.upper_limits.back() == h.max);
  CHECK(h.counts.front() == 1);
  CHECK(h.counts.back() == 1);
  double total = 0;
  for (const double count : h.counts) total += count;
  CHECK(total == 4);
}

TEST_CASE("a histogram of equal values, and of none") {
  const auto equal = tensor_histogram(at::full({3, 2}, 0.5, at::kBFloat16));
  CHECK(equal.upper_limits == std::vector<double>{0.5});
  CHECK(equal.counts == std::vector<double>{6});
  const auto none = tensor_histogram(at::zeros({0}));
  CHECK(none.count == 0);
  CHECK(none.counts.size() == none.upper_limits.size());
}

TEST_CASE("a batch is shown with the colours that it had before it was normalised") {
  const kernels::Normalization normalization{.scale = {0.5f, 0.25f, 0.125f}, .bias = {-3, 1, 2}};
  at::Tensor images = at::zeros({5, 3, 6, 4});  // 5 images of 4x6: two rows of three
  const std::array<float, 3> colour{200, 100, 40};
  for (int c = 0; c < 3; ++c)
    images.select(1, c).fill_(colour[size_t(c)] * normalization.scale[c] + normalization.bias[c]);
  const auto picture = callbacks::batch_picture(images.to(at::kBFloat16),
                                                at::tensor(at::ArrayRef<int64_t>({0, 1, 1, 0, 1})),
                                                {"a", "b"}, normalization, 16);
  std::vector<uint8_t> buffer;
  const auto decoded = decode::Decoder().decode(picture.bytes, "batch.png", buffer);
  CHECK(decoded.width == picture.width);
  CHECK(decoded.height == picture.height);
  CHECK(picture.width > picture.height);
  const uint8_t* middle = decoded.pixels + (6 + 48) * decoded.row_bytes + 3 * (6 + 48);
  // bf16 keeps 8 bits of a value that was scaled.
  for (int c = 0; c < 3; ++c) CHECK(std::abs(int(middle[c]) - int(colour[size_t(c)])) <= 2);
}
