// The same on CUDA, when there is a device.
#include "batches.h"
#include "stoker/ops/augment.h"
#include "stoker/ops/batch.h"
#include "support/catch.h"

#if STOKER_HAS_CUDA
#include <c10/cuda/CUDAFunctions.h>

namespace stoker::ops {
namespace {

using namespace test;

bool no_device() {
  if (c10::cuda::device_count() > 0) return false;
  WARN("skipped: no CUDA device");
  return true;
}

double worst(const at::Tensor& a, const at::Tensor& b) {
  return a.cpu().to(at::kDouble).sub(b.to(at::kDouble)).abs().max().item<double>();
}

TEST_CASE("decoded batches are augmented on the device as on the CPU", "[gpu]") {
  if (no_device()) return;
  int given_back = 0, on_cpu = 0;
  const auto cpu = batch_mover(at::kCPU, kNormalization, at::kFloat);
  {
    const auto mover = batch_mover(at::kCUDA, kNormalization, at::kFloat);
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const auto tensors =
          mover->move(decoded_batch(batch_memory(at::kCUDA), 64, given_back, seed));
      const auto expected = cpu->move(decoded_batch(batch_memory(at::kCPU), 64, on_cpu, seed));
      CHECK(tensors.images.is_cuda());
      CHECK(tensors.images.is_contiguous(at::MemoryFormat::ChannelsLast));
      // The device fuses multiply and add.
      REQUIRE(worst(tensors.images, expected.images) < 2e-4);
      REQUIRE(worst(tensors.labels, expected.labels) == 0);
      CHECK(given_back + 2 >= static_cast<int>(seed) + 1);  // two may still be copying
    }
  }
  CHECK(given_back == 20);
}

TEST_CASE("augmented batches are copied to the device whole", "[gpu]") {
  if (no_device()) return;
  int given_back = 0, on_cpu = 0;
  {
    const auto mover = batch_mover(at::kCUDA, kNormalization, at::kFloat);
    const auto tensors = mover->move(augmented_batch(batch_memory(at::kCUDA), 4, given_back));
    const auto expected = batch_mover(at::kCPU, kNormalization, at::kFloat)
                              ->move(augmented_batch(batch_memory(at::kCPU), 4, on_cpu));
    CHECK(worst(tensors.images, expected.images) == 0);
    CHECK(tensors.images.is_contiguous(at::MemoryFormat::ChannelsLast));
  }
  CHECK(given_back == 1);
}

}  // namespace
}  // namespace stoker::ops
#endif
