// The device against the CPU, when there is one.
#include "stoker/kernels/augment.h"

#include "support/catch.h"

#if STOKER_HAS_CUDA
#include <cuda_runtime_api.h>

#include <cmath>

#include "device_memory.h"
#include "random_image.h"

namespace stoker::kernels {
namespace {

using test::to_device;

TEST_CASE("the device augments as the CPU does", "[gpu]") {
  if (test::no_device()) return;
  constexpr int64_t kCount = 300;
  constexpr int32_t kWidth = 33, kHeight = 21;
  RandomStream random({.seed = 11}, Purpose::kSynthesize);
  const Normalization normalization{{0.017f, 0.018f, 0.019f}, {-2.1f, -2.0f, -1.8f}};
  std::vector<float> expected(kCount * kWidth * kHeight * 3);
  test::DeviceImages images;
  std::vector<Geometry> geometries;
  for (int64_t i = 0; i < kCount; ++i) {
    const auto image = test::random_image(random, test::between(random, 1, 70),
                                          test::between(random, 1, 50), i % 2 ? 3 : 1);
    geometries.push_back(test::random_geometry(random, image.view));
    augment(image.view, geometries.back(), normalization,
            {expected.data(), PixelType::kFloat32, kWidth, kHeight, 3}, i);
    images.add(image);
  }
  const auto device_views = to_device(images.views);
  const auto device_geometries = to_device(geometries);
  const auto output = to_device(std::vector<float>(expected.size()));
  REQUIRE(augment_cuda(device_views.get(), device_geometries.get(), kCount, normalization,
                       {output.get(), PixelType::kFloat32, kWidth, kHeight, 3},
                       nullptr) == cudaSuccess);
  const std::vector<float> got = test::from_device(output, expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::fabs(got[i] - expected[i])));
  // The device fuses multiply and add, and tap positions round at 1e-5 of a pixel.
  CHECK(worst < 2e-4);
}

}  // namespace
}  // namespace stoker::kernels
#endif
