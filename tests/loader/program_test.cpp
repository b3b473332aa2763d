// Steps that change pixels, through the loader.
#include <map>
#include <memory>

#include "data/fake_dataset.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/kernels/run_program.h"
#include "stoker/loader/loader.h"
#include "support/catch.h"

using namespace stoker;
using loader::Batch;
using loader::Chunk;
using loader::Loader;
using loader::Stage;

namespace {

constexpr int64_t kImages = 37;

std::shared_ptr<const augment::Pipeline> pipeline() {
  std::vector<config::Choice> steps;
  for (const char* name : {"random_resized_crop", "flip", "color_jitter", "rand_augment",
                           "gaussian_noise", "random_erasing"})
    steps.push_back(augment::augmentations().pick(name));
  steps[0].as<augment::RandomResizedCropOptions>().size = {16, 19};
  return std::make_shared<augment::Pipeline>(steps);
}

std::shared_ptr<const data::Dataset> images() {
  return std::make_shared<test::FakeDataset>(kImages, [](int64_t) {
    return test::FakeSize{30, 24};
  });
}

loader::ChunkSource chunks_of(int64_t count) {
  int64_t first = 0;
  return [=]() mutable -> std::optional<Chunk> {
    if (first == kImages) return std::nullopt;
    const Chunk chunk{2, first, std::min(count, kImages - first)};
    first += chunk.count;
    return chunk;
  };
}

using Pixels = std::map<int64_t, std::vector<float>>;  // by sample

Pixels load(int64_t batch_size, int threads) {
  const auto dataset = images();
  Loader loader(dataset, pipeline(), {.seed = 5, .threads = threads}, loader::plain_memory(),
                chunks_of(batch_size));
  Pixels pixels;
  while (const std::unique_ptr<Batch> batch = loader.next()) {
    CHECK(batch->programs.empty());
    const int64_t values = int64_t{batch->width} * batch->height * batch->channels;
    const auto* all = static_cast<const float*>(batch->pixels);
    for (int64_t i = 0; i < batch->count; ++i)
      pixels[batch->samples[size_t(i)]].assign(all + i * values, all + (i + 1) * values);
  }
  return pixels;
}

}  // namespace

TEST_CASE("a sample's pixels do not depend on the batch size or the threads") {
  const Pixels alone = load(1, 1);
  REQUIRE(alone.size() == kImages);
  CHECK(load(37, 1) == alone);
  CHECK(load(8, 3) == alone);
}

TEST_CASE("decoded batches carry the programs that augmented ones went through") {
  const Pixels augmented = load(8, 1);
  const auto dataset = images();
  Loader loader(dataset, pipeline(), {.seed = 5, .stage = Stage::kDecoded, .threads = 2},
                loader::plain_memory(), chunks_of(10));
  int with_ops = 0;
  while (const std::unique_ptr<Batch> batch = loader.next()) {
    REQUIRE(batch->programs.size() == batch->images.size());
    for (size_t i = 0; i < batch->images.size(); ++i) {
      std::vector<float> out(16 * 19 * 3);
      kernels::augment(batch->images[i], batch->geometries[i], batch->programs[i], {},
                       {out.data(), kernels::PixelType::kFloat32, 19, 16, 3}, 0);
      CHECK(out == augmented.at(batch->samples[i]));
      with_ops += batch->programs[i].count > 0;
    }
  }
  CHECK(with_ops > 20);
}
