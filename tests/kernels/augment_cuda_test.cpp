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
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    WARN("skipped: no CUDA device");
    return;
  }
  constexpr int64_t kCount = 300;
  constexpr int32_t kWidth = 33, kHeight = 21;
  RandomStream random({.seed = 11}, Purpose::kSynthesize);
  const Normalization normalization{{0.017f, 0.018f, 0.019f}, {-2.1f, -2.0f, -1.8f}};
  std::vector<float> expected(kCount * kWidth * kHeight * 3);
  std::vector<test::DeviceMemory<uint8_t>> pixels;
  std::vector<ImageView> views;
  std::vector<Geometry> geometries;
  for (int64_t i = 0; i < kCount; ++i) {
    const auto image = test::random_image(random, test::between(random, 1, 70),
                                          test::between(random, 1, 50), i % 2 ? 3 : 1);
    geometries.push_back(test::random_geometry(random, image.view));
    augment(image.view, geometries.back(), normalization,
            {expected.data(), PixelType::kFloat32, kWidth, kHeight, 3}, i);
    pixels.push_back(to_device(image.bytes));
    views.push_back(image.view);
    views.back().pixels = pixels.back().get();
  }
  const auto device_views = to_device(views);
  const auto device_geometries = to_device(geometries);
  std::vector<float> got(expected.size());
  const auto output = to_device(got);
  REQUIRE(augment_cuda(device_views.get(), device_geometries.get(), kCount, normalization,
                       {output.get(), PixelType::kFloat32, kWidth, kHeight, 3},
                       nullptr) == cudaSuccess);
  REQUIRE(cudaMemcpy(got.data(), output.get(), got.size() * sizeof(float),
                     cudaMemcpyDeviceToHost) == cudaSuccess);
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::fabs(got[i] - expected[i])));
  // The device fuses multiply and add, and tap positions round at 1e-5 of a pixel.
  CHECK(worst < 2e-4);
}

}  // namespace
}  // namespace stoker::kernels
#endif
