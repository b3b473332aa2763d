// Images per second that one core augments: draw of the geometry and the fused pass.
//
//   ninja -C build augment_images && build/bench/augment_images
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "augment_step.h"
#include "processor_time.h"
#include "stoker/augment/flip.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/pad_crop.h"
#include "stoker/augment/pipeline.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/kernels/augment.h"

namespace {

using namespace stoker;
using bench::step;

struct Workload {
  std::string_view name;
  augment::Pipeline pipeline;
  int32_t width, height;
  int sources;  // images in memory
  int images;   // per repetition
};

std::string_view name_of(kernels::PixelType type) {
  return type == kernels::PixelType::kFloat32    ? "fp32"
         : type == kernels::PixelType::kBFloat16 ? "bf16"
                                                 : "fp16";
}

double images_per_s(const Workload& work, kernels::PixelType type, kernels::CpuLevel level) {
  constexpr int kSlots = 64, kRepetitions = 5;
  const int64_t image_bytes = int64_t{work.width} * work.height * 3;
  std::vector<uint8_t> pixels(static_cast<size_t>(image_bytes * work.sources));
  for (size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  const auto size = work.pipeline.output_size(work.width, work.height);
  std::vector<float> batch(static_cast<size_t>(kSlots) *
                           static_cast<size_t>(size.width * size.height * 3));
  const kernels::OutputView output{batch.data(), type, size.width, size.height, 3};
  std::vector<double> rates;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    const double start_s = bench::thread_cpu_s();
    for (int i = 0; i < work.images; ++i) {
      const kernels::ImageView image{pixels.data() + image_bytes * (i % work.sources), work.width,
                                     work.height, 3, int64_t{work.width} * 3};
      const StreamKey key{.seed = 1, .epoch = 0, .sample = static_cast<uint64_t>(i)};
      kernels::augment(image, work.pipeline.draw(key, work.width, work.height),
                       work.pipeline.normalization(), output, i % kSlots, level);
    }
    rates.push_back(work.images / (bench::thread_cpu_s() - start_s));
  }
  std::nth_element(rates.begin(), rates.begin() + kRepetitions / 2, rates.end());
  return rates[kRepetitions / 2];
}

}  // namespace

int main() {
  using namespace stoker::augment;
  const auto normalize =
      step("normalize", NormalizeOptions{{0.4914, 0.4822, 0.4465}, {0.247, 0.2435, 0.2616}});
  const auto flip = step("flip", FlipOptions{});
  const std::vector cifar{step("pad_crop", PadCropOptions{{32}, 2}), flip, normalize};
  const std::vector imagenet{step("random_resized_crop", RandomResizedCropOptions{{224}}), flip,
                             normalize};
  const Workload workloads[] = {
      {"32x32 pad_crop, flip, normalize", Pipeline(cifar), 32, 32, 10'000, 50'000},
      {"500x375 random_resized_crop 224, flip, normalize", Pipeline(imagenet), 500, 375, 40, 400},
  };
  for (const Workload& work : workloads)
    for (auto type : {kernels::PixelType::kFloat32, kernels::PixelType::kBFloat16,
                      kernels::PixelType::kFloat16})
      for (int level = 0; level <= static_cast<int>(kernels::cpu_level()); ++level)
        fmt::print("{:50} {}  x86-64 level {}  {:>9.0f} images/s\n", work.name, name_of(type),
                   level == 0 ? 1 : level + 2,
                   images_per_s(work, type, static_cast<kernels::CpuLevel>(level)));
}
