// The loader decodes no more than a crop needs: its batches against whole images and the same pass.
#include <cmath>
#include <cstring>

#include "decode/make_jpeg.h"
#include "stoker/augment/center_crop.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/augment/resize.h"
#include "stoker/core/permutation.h"
#include "stoker/kernels/augment.h"
#include "stoker/loader/loader.h"
#include "support/catch.h"

using namespace stoker;

namespace {

constexpr int64_t kImages = 24;

// JPEGs of all orientations, some large.
class Jpegs final : public data::Dataset {
 public:
  explicit Jpegs(int64_t kept_bytes = 0) : kept_bytes_(kept_bytes) {
    for (int i = 0; i < kImages; ++i)
      files_.push_back(test::make_jpeg({.width = 96 + 40 * (i % 5),
                                        .height = 64 + 16 * (i % 7),
                                        .channels = i % 4 == 3 ? 1 : 3,
                                        .progressive = i % 6 == 5,
                                        .orientation = i % 8 + 1,
                                        .seed = uint64_t(i)}));
  }
  int64_t size() const override { return kImages; }
  std::string name(int64_t index) const override { return std::to_string(index) + ".jpg"; }
  int64_t label(int64_t) const override { return 0; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t kept_bytes_estimate() const override { return kept_bytes_; }
  data::Record get(int64_t index, std::vector<std::byte>&) const override {
    return {.encoded = files_[size_t(index)], .pixels = {}};
  }

 private:
  int64_t kept_bytes_;
  std::vector<std::vector<std::byte>> files_;
  std::vector<std::string> classes_{"a"};
};

template <class Options>
config::Choice step(std::string_view name, Options options) {
  config::Choice choice = augment::augmentations().pick(name);
  choice.as<Options>() = std::move(options);
  return choice;
}

std::shared_ptr<const augment::Pipeline> random_crops() {
  return std::make_shared<augment::Pipeline>(
      std::vector{step("random_resized_crop", augment::RandomResizedCropOptions{.size = {13, 19}}),
                  augment::augmentations().pick("flip")});
}

std::shared_ptr<const augment::Pipeline> centre_crops() {
  return std::make_shared<augment::Pipeline>(
      std::vector{step("resize", augment::ResizeOptions{.size = {40}}),
                  step("center_crop", augment::CenterCropOptions{.size = {30, 20}})});
}

struct Loaded {
  std::vector<float> pixels;
  int64_t source_pixels = 0;  // decoded, where the batch tells
};

Loaded load(const Jpegs& jpegs, std::shared_ptr<const augment::Pipeline> pipeline,
            loader::LoaderOptions options) {
  options.seed = 5;
  options.threads = 3;
  bool given = false;
  loader::Loader loader(std::shared_ptr<const data::Dataset>(std::shared_ptr<void>(), &jpegs),
                        pipeline, options, loader::plain_memory(),
                        [&given]() -> std::optional<loader::Chunk> {
                          if (std::exchange(given, true)) return std::nullopt;
                          return loader::Chunk{2, 0, kImages};
                        });
  const std::unique_ptr<loader::Batch> batch = loader.next();
  Loaded loaded;
  loaded.pixels.resize(size_t(kImages) * size_t(batch->width) * size_t(batch->height) * 3);
  if (options.stage == loader::Stage::kAugmented) {
    REQUIRE(batch->pixels_bytes == loaded.pixels.size() * sizeof(float));
    std::memcpy(loaded.pixels.data(), batch->pixels, batch->pixels_bytes);
    return loaded;
  }
  const kernels::OutputView output{loaded.pixels.data(), kernels::PixelType::kFloat32, batch->width,
                                   batch->height, 3};
  for (size_t i = 0; i < batch->images.size(); ++i) {
    const kernels::ImageView& image = batch->images[i];
    loaded.source_pixels += int64_t{image.width} * image.height;
    kernels::augment(image, batch->geometries[i], pipeline->normalization(), output, int64_t(i));
  }
  return loaded;
}

// The same from whole images.
Loaded expected(const Jpegs& jpegs, const augment::Pipeline& pipeline) {
  Loaded loaded;
  decode::Decoder decoder;
  std::vector<uint8_t> buffer;
  std::vector<std::byte> scratch;
  const Permutation order(kImages, {.seed = 5, .epoch = 2});
  for (int64_t i = 0; i < kImages; ++i) {
    const int64_t sample = order[i];
    const auto image = decoder.decode(jpegs.get(sample, scratch).encoded, "whole", buffer);
    const auto size = pipeline.output_size(image.width, image.height);
    loaded.pixels.resize(size_t(kImages) * size_t(size.width) * size_t(size.height) * 3);
    kernels::augment(image, pipeline.draw({5, 2, uint64_t(sample)}, image.width, image.height),
                     pipeline.normalization(),
                     {loaded.pixels.data(), kernels::PixelType::kFloat32, size.width, size.height},
                     i);
    loaded.source_pixels += int64_t{image.width} * image.height;
  }
  return loaded;
}

double mean_difference(const Loaded& a, const Loaded& b) {
  REQUIRE(a.pixels.size() == b.pixels.size());
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / double(a.pixels.size());
}

}  // namespace

TEST_CASE("crops from regions have the bits of crops from whole images", "[loader][region]") {
  const Jpegs jpegs;
  for (const auto& pipeline : {random_crops(), centre_crops()}) {
    const Loaded whole = expected(jpegs, *pipeline);
    CHECK(load(jpegs, pipeline, {.stage = loader::Stage::kAugmented}).pixels == whole.pixels);
    const Loaded on_device = load(jpegs, pipeline, {.stage = loader::Stage::kDecoded});
    CHECK(on_device.pixels == whole.pixels);
    CHECK(on_device.source_pixels < whole.source_pixels * 9 / 10);
  }
}

TEST_CASE("shrinking saves pixels and changes little", "[loader][region]") {
  const Jpegs jpegs;
  const auto pipeline = random_crops();
  const Loaded exact = load(jpegs, pipeline, {.stage = loader::Stage::kDecoded});
  const Loaded shrunk =
      load(jpegs, pipeline, {.stage = loader::Stage::kDecoded, .shrink_jpegs = true});
  CHECK(shrunk.source_pixels < exact.source_pixels / 4);
  const double difference = mean_difference(exact, shrunk);
  CHECK(difference > 0);
  CHECK(difference < 0.02);  // of a range of one; the images are a fifth noise
  CHECK(load(jpegs, pipeline, {.shrink_jpegs = true}).pixels == shrunk.pixels);
}

TEST_CASE("a set that keeps decoded images shrinks none", "[loader][region]") {
  const Jpegs kept(1), jpegs;
  const auto pipeline = random_crops();
  CHECK(load(kept, pipeline, {.shrink_jpegs = true}).pixels == expected(jpegs, *pipeline).pixels);
}
