// Images per second of the loader's threads from packed shards: RandomResizedCrop 224, flip,
// normalise, NHWC.
//
//   shard_bench FOLDER fp32|bf16 [SECONDS] [THREADS]
//
// Prints one line of JSON. Per processor second as well, which other work on the machine disturbs
// less. packed_compare.py runs it beside FFCV.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "stoker/augment/flip.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/shard_set.h"
#include "stoker/loader/loader.h"

using namespace stoker;

namespace {

template <class Options>
config::Choice step(std::string_view name, Options options) {
  config::Choice choice = augment::augmentations().pick(name);
  choice.as<Options>() = std::move(options);
  return choice;
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
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
  loader::Chunk next{0, 0, std::min<int64_t>(32, dataset->size())};
  loader::LoaderOptions options;
  options.type = bf16 ? kernels::PixelType::kBFloat16 : kernels::PixelType::kFloat32;
  options.threads = threads;
  loader::Loader loader(dataset, pipeline, options, loader::plain_memory(),
                        [&, n = dataset->size()]() -> std::optional<loader::Chunk> {
                          const loader::Chunk chunk = next;
                          next.first += next.count;
                          if (next.first + next.count > n) next = {next.epoch + 1, 0, next.count};
                          return chunk;
                        });
  for (int64_t warm = 0; warm < 2 * dataset->size();) warm += loader.next()->count;
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const double cpu_start_s = cpu_s();
  int64_t images = 0;
  double elapsed_s = 0;
  while (elapsed_s < seconds) {
    images += loader.next()->count;
    elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
  }
  fmt::print(
      "{{\"images_per_s\": {:.1f}, \"images_per_cpu_s\": {:.1f}, \"output\": \"[32, 224, 224, "
      "3] {}\"}}\n",
      double(images) / elapsed_s, double(images) / (cpu_s() - cpu_start_s), argv[2]);
  return 0;
}
