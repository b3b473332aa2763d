// Images per second of the loader's threads from packed shards: RandomResizedCrop 224, flip,
// normalise, NHWC.
//
//   shard_bench FOLDER fp32|bf16 [SECONDS] [THREADS]
//
// Prints one line of JSON. Per processor second as well, which other work on the machine disturbs
// less. packed_compare.py runs it beside FFCV.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "augment_step.h"
#include "loader_run.h"
#include "stoker/augment/flip.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/shard_set.h"
#include "stoker/loader/loader.h"
#include "tool_main.h"

using namespace stoker;
using bench::step;

namespace {

int run(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "shard_bench FOLDER fp32|bf16 [SECONDS] [THREADS]\n");
    return 2;
  }
  const bool bf16 = std::string(argv[2]) == "bf16";
  const double seconds = argc > 3 ? std::atof(argv[3]) : 3;
  const int threads = argc > 4 ? std::atoi(argv[4]) : 1;
  const auto dataset = data::open_shards(data::find_shards(argv[1], "*.tar", "FOLDER"));
  const auto pipeline = std::make_shared<augment::Pipeline>(std::vector{
      step("random_resized_crop", augment::RandomResizedCropOptions{.size = {224}}),
      step("flip", augment::FlipOptions{}),
      step("normalize", augment::NormalizeOptions{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}})});
  loader::LoaderOptions options;
  options.type = bf16 ? kernels::PixelType::kBFloat16 : kernels::PixelType::kFloat32;
  options.threads = threads;
  const bench::Rate rate =
      bench::run_loader(dataset, pipeline, options, 32, 2 * dataset->size(), seconds);
  fmt::print(
      "{{\"images_per_s\": {:.1f}, \"images_per_cpu_s\": {:.1f}, \"output\": \"[32, 224, 224, "
      "3] {}\"}}\n",
      rate.images_per_s, rate.images_per_cpu_s, argv[2]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return bench::tool_main(run, argc, argv); }
