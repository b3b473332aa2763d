#include "stoker/ops/batch.h"

#include "batches.h"
#include "stoker/core/error.h"
#include "stoker/kernels/augment.h"
#include "support/catch.h"

namespace stoker::ops {
namespace {

using namespace test;
using Catch::Contains;

std::unique_ptr<BatchMover> cpu_mover(at::ScalarType dtype = at::kFloat) {
  return batch_mover(at::kCPU, kNormalization, dtype);
}

TEST_CASE("augmented images are the loader's memory, held by the last tensor") {
  int given_back = 0;
  auto batch = augmented_batch(batch_memory(at::kCPU), 2, given_back);
  const void* memory = batch->pixels;
  at::Tensor kept;
  {
    const TensorBatch tensors = cpu_mover()->move(std::move(batch));
    CHECK(tensors.images.data_ptr() == memory);
    CHECK(tensors.images.sizes() == at::IntArrayRef{2, 3, 5, 7});
    CHECK(tensors.images.is_contiguous(at::MemoryFormat::ChannelsLast));
    // Value at (n, y, x, c) of NHWC counts from 0.
    CHECK(tensors.images[1][2][4][6].item<float>() == ((1 * 5 + 4) * 7 + 6) * 3 + 2);
    CHECK(tensors.labels.scalar_type() == at::kLong);
    CHECK(tensors.labels.sizes() == at::IntArrayRef{2});
    CHECK(tensors.labels[1].item<int64_t>() == 8);
    kept = tensors.images[1];
    CHECK(given_back == 0);
  }
  CHECK(given_back == 0);
  CHECK(kept[0][0][0].item<float>() == 105);
  kept.reset();
  CHECK(given_back == 1);
}

TEST_CASE("decoded images are augmented into a tensor and their memory goes back at once") {
  for (at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
    int given_back = 0;
    auto batch = decoded_batch(batch_memory(at::kCPU), 5, given_back);
    std::vector<float> expected(5 * 6 * 9 * 3);
    for (int64_t i = 0; i < 5; ++i)
      kernels::augment(batch->images[static_cast<size_t>(i)],
                       batch->geometries[static_cast<size_t>(i)], kNormalization,
                       {expected.data(), kernels::PixelType::kFloat32, 9, 6, 3}, i);
    const TensorBatch tensors = cpu_mover(dtype)->move(std::move(batch));
    CHECK(given_back == 1);
    CHECK(tensors.images.sizes() == at::IntArrayRef{5, 3, 6, 9});
    CHECK(tensors.images.scalar_type() == dtype);
    CHECK(tensors.images.is_contiguous(at::MemoryFormat::ChannelsLast));
    // torch's own conversion from float, bit by bit.
    const at::Tensor nhwc = tensors.images.permute({0, 2, 3, 1}).contiguous().view({-1});
    for (size_t i = 0; i < expected.size(); ++i) {
      const float value = nhwc[static_cast<int64_t>(i)].item<float>();
      const float rounded = dtype == at::kBFloat16 ? float{at::BFloat16(expected[i])}
                            : dtype == at::kHalf   ? float{at::Half(expected[i])}
                                                   : expected[i];
      REQUIRE(value == rounded);
    }
  }
}

TEST_CASE("a batch whose every sample was skipped is a batch of none") {
  int given_back = 0;
  const TensorBatch tensors =
      cpu_mover()->move(augmented_batch(batch_memory(at::kCPU), 0, given_back));
  CHECK(tensors.images.sizes() == at::IntArrayRef{0, 3, 5, 7});
  CHECK(tensors.labels.sizes() == at::IntArrayRef{0});
  CHECK(given_back == 1);
}

TEST_CASE("batches that do not agree with themselves are refused with their values") {
  int given_back = 0;
  loader::BatchMemory& memory = batch_memory(at::kCPU);
  auto labels = augmented_batch(memory, 2, given_back);
  labels->labels.pop_back();
  CHECK_THROWS_WITH(cpu_mover()->move(std::move(labels)), Contains("count=2 labels=1"));
  auto large = augmented_batch(memory, 2, given_back);
  large->height = 6;
  CHECK_THROWS_WITH(cpu_mover()->move(std::move(large)), Contains("pixels_bytes=840"));
  auto geometries = decoded_batch(memory, 3, given_back);
  geometries->geometries.pop_back();
  CHECK_THROWS_WITH(cpu_mover()->move(std::move(geometries)), Contains("images=3 geometries=2"));
  auto flat = augmented_batch(memory, 2, given_back);
  flat->width = 0;
  CHECK_THROWS_AS(cpu_mover()->move(std::move(flat)), InternalError);
  CHECK(given_back == 4);
  CHECK_THROWS_WITH(cpu_mover(at::kDouble), Contains("Double"));
  CHECK_THROWS_AS(batch_mover(at::kMPS, kNormalization, at::kFloat), DeviceError);
  CHECK_THROWS_AS(batch_memory(at::kMPS), DeviceError);
}

}  // namespace
}  // namespace stoker::ops
