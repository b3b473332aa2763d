// Programs on the device against the CPU, when there is one.
#include "support/catch.h"

#if STOKER_HAS_CUDA
#include <cuda_runtime_api.h>

#include <cmath>
#include <vector>

#include "device_memory.h"
#include "programs.h"

namespace stoker::kernels {
namespace {

using test::to_device;

TEST_CASE("the device runs programs as the CPU does", "[gpu]") {
  if (test::no_device()) return;
  constexpr int64_t kCount = 300;
  constexpr int32_t kWidth = 33, kHeight = 21;
  constexpr int64_t kValues = int64_t{kWidth} * kHeight * 3;
  RandomStream random({.seed = 31}, Purpose::kSynthesize);
  const Normalization normalization{{0.017f, 0.018f, 0.019f}, {-2.1f, -2.0f, -1.8f}};
  std::vector<float> expected(kCount * kValues);
  test::DeviceImages images;
  std::vector<Geometry> geometries;
  std::vector<Program> programs;
  for (int64_t i = 0; i < kCount; ++i) {
    const auto image = test::random_image(random, kWidth, kHeight, i % 2 ? 3 : 1);
    geometries.push_back(test::whole(image.view));
    programs.push_back(test::random_program(random, kWidth, kHeight));
    augment(image.view, geometries.back(), programs.back(), normalization,
            {expected.data(), PixelType::kFloat32, kWidth, kHeight, 3}, i);
    images.add(image);
  }
  const auto device_views = to_device(images.views);
  const auto device_geometries = to_device(geometries);
  const auto device_programs = to_device(programs);
  const auto first = to_device(std::vector<uint8_t>(kCount * kValues));
  const auto second = to_device(std::vector<uint8_t>(kCount * kValues));
  const auto tables = to_device(std::vector<uint8_t>(kCount * ProgramScratch::kTableBytes));
  const auto output = to_device(std::vector<float>(expected.size()));
  REQUIRE(augment_cuda(device_views.get(), device_geometries.get(), device_programs.get(), kCount,
                       most_passes(programs.data(), kCount),
                       {{first.get(), second.get()}, tables.get()}, normalization,
                       {output.get(), PixelType::kFloat32, kWidth, kHeight, 3},
                       nullptr) == cudaSuccess);
  const std::vector<float> got = test::from_device(output, expected.size());
  // The device fuses multiply and add: a value next to a rounding's tie may come out one of 255
  // apart, and an op with a threshold behind it may make more of that. docs/augment.md states it.
  size_t apart = 0;
  for (size_t i = 0; i < got.size(); ++i) apart += std::fabs(got[i] - expected[i]) > 0.0201f;
  CHECK(static_cast<double>(apart) < 0.005 * static_cast<double>(got.size()));
}

}  // namespace
}  // namespace stoker::kernels
#endif
