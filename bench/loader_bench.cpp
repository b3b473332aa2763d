// Images per second of the loader, by threads: photographs of a folder (RandomResizedCrop 224,
// flip, normalise to fp32) and CIFAR-size images from memory (pad 2, crop 32, flip, normalise to
// fp32).
//
//   loader_bench [FOLDER_OF_JPEGS] [SECONDS_PER_RUN]
//   loader_bench --run photos|small FOLDER THREADS SECONDS fp32|bf16   (one run, a line of JSON)
//
// Each row is the median of five runs. "ns/sample" beside the small images is the loader's own
// cost: the time of an identity pass over images of one pixel.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "augment_step.h"
#include "loader_run.h"
#include "stoker/augment/flip.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/pad_crop.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/core/cpu.h"
#include "stoker/data/sample_file.h"
#include "stoker/loader/loader.h"
#include "tool_main.h"

using namespace stoker;
using bench::Rate;
using bench::step;

namespace {

constexpr int kRuns = 5;

// The files of a folder, read at each use.
class Photos final : public data::Dataset {
 public:
  explicit Photos(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.is_regular_file()) paths_.push_back(entry.path());
    std::ranges::sort(paths_);
  }
  int64_t size() const override { return int64_t(paths_.size()); }
  std::string name(int64_t index) const override { return paths_[size_t(index)].string(); }
  int64_t label(int64_t) const override { return 0; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  data::Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return data::read_sample_file(paths_[size_t(index)], scratch);
  }

 private:
  std::vector<std::filesystem::path> paths_;
  std::vector<std::string> classes_{"photo"};
};

// Square RGB images of noise.
class Small final : public data::Dataset {
 public:
  Small(int64_t size, int32_t side) : size_(size), side_(side) {
    pixels_.resize(size_t(size) * image_bytes());
    uint32_t state = 1;
    for (uint8_t& pixel : pixels_) pixel = uint8_t((state = state * 1664525u + 1013904223u) >> 24);
  }
  int64_t size() const override { return size_; }
  std::string name(int64_t index) const override { return std::to_string(index); }
  int64_t label(int64_t index) const override { return index % 10; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  data::Record get(int64_t index, std::vector<std::byte>&) const override {
    return {.encoded = {},
            .pixels = {pixels_.data() + size_t(index) * image_bytes(), side_, side_, 3, side_ * 3}};
  }

 private:
  size_t image_bytes() const { return size_t(side_) * size_t(side_) * 3; }

  int64_t size_;
  int32_t side_;
  std::vector<uint8_t> pixels_;
  std::vector<std::string> classes_{10};
};

std::shared_ptr<const augment::Pipeline> photo_pipeline() {
  return std::make_shared<augment::Pipeline>(std::vector{
      step("random_resized_crop", augment::RandomResizedCropOptions{.size = {224}}),
      step("flip", augment::FlipOptions{}),
      step("normalize", augment::NormalizeOptions{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}})});
}

std::shared_ptr<const augment::Pipeline> cifar_pipeline() {
  return std::make_shared<augment::Pipeline>(std::vector{
      step("pad_crop", augment::PadCropOptions{.size = {32}, .pad = 2}),
      step("flip", augment::FlipOptions{}),
      step("normalize",
           augment::NormalizeOptions{{0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}})});
}

// One run, after two batches to warm up.
Rate run(const std::shared_ptr<const data::Dataset>& dataset,
         const std::shared_ptr<const augment::Pipeline>& pipeline, int threads, int64_t batch,
         double seconds, kernels::PixelType type = kernels::PixelType::kFloat32) {
  return bench::run_loader(dataset, pipeline,
                           {.type = type, .threads = threads, .limits = {}, .shrink_jpegs = true},
                           batch, 2 * std::min(batch, dataset->size()), seconds);
}

Rate median(const std::shared_ptr<const data::Dataset>& dataset,
            const std::shared_ptr<const augment::Pipeline>& pipeline, int threads, int64_t batch,
            double seconds) {
  std::vector<Rate> rates;
  for (int i = 0; i < kRuns; ++i) rates.push_back(run(dataset, pipeline, threads, batch, seconds));
  std::ranges::sort(rates);
  return rates[kRuns / 2];
}

void table(const std::string& title, const std::shared_ptr<const data::Dataset>& dataset,
           const std::shared_ptr<const augment::Pipeline>& pipeline, int64_t batch,
           double seconds) {
  fmt::print("{}\n  threads   images/s   per CPU second   over one\n", title);
  double one = 0;
  for (int threads = 1; threads <= usable_cpus(); threads *= 2) {
    const Rate rate = median(dataset, pipeline, threads, batch, seconds);
    if (threads == 1) one = rate.images_per_s;
    fmt::print("  {:7} {:10.0f} {:16.0f} {:9.2f}x\n", threads, rate.images_per_s,
               rate.images_per_cpu_s, rate.images_per_s / one);
  }
}

int run_once(char** argv) {
  const bool photos = std::string_view(argv[2]) == "photos";
  const int threads = std::atoi(argv[4]);
  const double seconds = std::atof(argv[5]);
  const auto type = std::string_view(argv[6]) == "bf16" ? kernels::PixelType::kBFloat16
                                                        : kernels::PixelType::kFloat32;
  const Rate rate =
      photos
          ? run(std::make_shared<Photos>(argv[3]), photo_pipeline(), threads, 32, seconds, type)
          : run(std::make_shared<Small>(50'000, 32), cifar_pipeline(), threads, 512, seconds, type);
  fmt::print("{{\"images_per_s\": {:.1f}, \"images_per_cpu_s\": {:.1f}}}\n", rate.images_per_s,
             rate.images_per_cpu_s);
  return 0;
}

int print_tables(int argc, char** argv) {
  if (argc == 7 && std::string_view(argv[1]) == "--run") return run_once(argv);
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  if (argc > 1) {
    const auto photos = std::make_shared<Photos>(argv[1]);
    table(fmt::format("{} photographs, batches of 32, RandomResizedCrop 224, flip, fp32",
                      photos->size()),
          photos, photo_pipeline(), 32, seconds);
  }
  table("32x32 images from memory, batches of 512, pad and crop, flip, fp32",
        std::make_shared<Small>(50'000, 32), cifar_pipeline(), 512, seconds);
  const auto nothing = std::make_shared<augment::Pipeline>(std::vector<config::Choice>{});
  const Rate rate = median(std::make_shared<Small>(50'000, 1), nothing, 1, 512, seconds);
  fmt::print("the loader's own cost, by images of one pixel, one thread: {:.0f} ns/sample\n",
             1e9 / rate.images_per_cpu_s);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return bench::tool_main(print_tables, argc, argv); }
