// Microseconds of processor time that each augmentation of a 224 px image takes on one core, from
// 8-bit pixels to normalised fp32: a JSON object by the text of the `augment:` list.
//
//   augment_ops '[random_invert: {probability: 1}]' '[rand_augment]'
//
// bench/augment_ops_compare.py runs it in turn with torchvision.
#include <fmt/core.h>

#include <cmath>
#include <vector>

#include "processor_time.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/pipeline.h"
#include "stoker/config/read.h"
#include "stoker/config/yaml.h"
#include "stoker/kernels/run_program.h"

namespace {

using namespace stoker;

struct Listed {
  std::vector<config::Choice> augment;
};
void describe(Listed& o, config::Fields& fields) {
  fields("augment", o.augment, augment::augmentations(), "steps");
}

augment::Pipeline pipeline(const std::string& list) {
  Listed options;
  config::Fields fields;
  describe(options, fields);
  config::read_fields(config::parse_yaml("augment: " + list, {.source = "command line"}), fields);
  options.augment.push_back(augment::augmentations().pick("normalize"));
  options.augment.back().as<augment::NormalizeOptions>() = {{0.5}, {0.25}};
  return augment::Pipeline(options.augment);
}

double microseconds(const augment::Pipeline& pipeline) {
  constexpr int32_t kSide = 224;
  constexpr int kSources = 16;
  constexpr double kLeast_s = 0.15;
  std::vector<uint8_t> pixels;
  for (int i = 0; i < kSources * kSide * kSide; ++i)
    for (int c = 0; c < 3; ++c) {
      const int x = i % kSide, y = i / kSide;
      const double wave = 60 * std::sin(x * 0.03 + c) + 50 * std::cos(y * 0.02 * (c + 1));
      pixels.push_back(static_cast<uint8_t>(128 + wave + (i * 2654435761u >> 29)));
    }
  std::vector<float> out(size_t{8} * kSide * kSide * 3);
  const double start_s = bench::thread_cpu_s();
  uint64_t images = 0;
  for (; images < 32 || bench::thread_cpu_s() - start_s < kLeast_s; ++images) {
    const auto recipe = pipeline.recipe({1, 0, images}, kSide, kSide);
    const uint8_t* source = pixels.data() + (images % kSources) * kSide * kSide * 3;
    kernels::augment({source, kSide, kSide, 3, kSide * 3}, recipe.geometry, recipe.program,
                     pipeline.normalization(),
                     {out.data(), kernels::PixelType::kFloat32, kSide, kSide, 3},
                     static_cast<int64_t>(images % 8));
  }
  return 1e6 * (bench::thread_cpu_s() - start_s) / static_cast<double>(images);
}

}  // namespace

int main(int count, char** lists) {
  fmt::print("{{");
  for (int i = 1; i < count; ++i)
    fmt::print("{}\"{}\": {:.2f}", i == 1 ? "" : ", ", lists[i], microseconds(pipeline(lists[i])));
  fmt::print("}}\n");
}
