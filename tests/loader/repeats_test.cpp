// Samples that are shown several times, and epochs of different sizes.
#include <cstring>
#include <map>
#include <set>

#include "data/fake_dataset.h"
#include "stoker/augment/progressive_resizing.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/core/error.h"
#include "stoker/core/permutation.h"
#include "stoker/kernels/augment.h"
#include "stoker/loader/loader.h"
#include "support/catch.h"

using namespace stoker;
using loader::Batch;
using loader::Chunk;
using loader::Loader;
using test::FakeDataset;
using test::FakeSize;

namespace {

loader::ChunkSource chunks(std::vector<Chunk> list) {
  return [list = std::move(list), next = size_t{0}]() mutable -> std::optional<Chunk> {
    return next < list.size() ? std::optional(list[next++]) : std::nullopt;
  };
}

std::vector<config::Choice> crops_of(int64_t size) {
  config::Choice crop = augment::augmentations().pick("random_resized_crop");
  crop.as<augment::RandomResizedCropOptions>().size = {size};
  return {crop};
}

std::shared_ptr<FakeDataset> fakes(int64_t count) {
  return std::make_shared<FakeDataset>(count, [](int64_t) { return FakeSize{19, 17, 3}; });
}

}  // namespace

TEST_CASE("repeats: each sample of the order comes so often in a row, cropped anew each time") {
  const auto dataset = fakes(11);
  const auto pipeline = std::make_shared<augment::Pipeline>(crops_of(6));
  // 33 positions of epoch 2, cut where it does not suit the repetitions.
  for (const int threads : {1, 3}) {
    Loader loader(dataset, pipeline, {.seed = 8, .repeats = 3, .threads = threads, .limits = {}},
                  loader::plain_memory(), chunks({{2, 0, 7}, {2, 7, 20}, {2, 27, 6}}));
    const Permutation order(11, {.seed = 8, .epoch = 2});
    std::vector<std::byte> scratch;
    std::map<int64_t, std::set<std::vector<float>>> shown;
    int64_t position = 0;
    while (const auto batch = loader.next()) {
      const auto* pixels = static_cast<const float*>(batch->pixels);
      for (int64_t i = 0; i < batch->count; ++i, ++position) {
        const int64_t sample = order[position / 3];
        REQUIRE(batch->samples[size_t(i)] == sample);
        REQUIRE(batch->labels[size_t(i)] == sample % 3);
        std::vector<float> expected(6 * 6 * 3);
        const StreamKey key{8, 2, uint64_t(sample), uint32_t(position % 3)};
        kernels::augment(dataset->get(sample, scratch).pixels, pipeline->draw(key, 19, 17),
                         pipeline->normalization(),
                         {expected.data(), kernels::PixelType::kFloat32, 6, 6, 3}, 0);
        REQUIRE(std::memcmp(expected.data(), pixels + i * 108, 108 * sizeof(float)) == 0);
        shown[sample].insert(expected);
      }
    }
    REQUIRE(position == 33);
    REQUIRE(shown.size() == 11);
    for (const auto& [sample, views] : shown) REQUIRE(views.size() == 3);
  }
}

TEST_CASE("repeats: a sample that cannot be read is missing each time, and counts once") {
  const auto dataset = fakes(5);
  dataset->before_get = [](int64_t sample) {
    if (sample == 3) throw DataError("bad");
  };
  Loader loader(dataset, std::make_shared<augment::Pipeline>(crops_of(4)),
                {.shuffle = false, .repeats = 2, .on_error = data::OnError::kSkip, .limits = {}},
                loader::plain_memory(), chunks({{0, 0, 10}}));
  const auto batch = loader.next();
  CHECK(batch->samples == std::vector<int64_t>{0, 0, 1, 1, 2, 2, 4, 4});
  CHECK(loader.skipped_count() == 1);
}

TEST_CASE("repeats: a chunk may reach to the last repetition and no further") {
  const auto dataset = fakes(5);
  const auto pipeline = std::make_shared<augment::Pipeline>(crops_of(4));
  const loader::LoaderOptions options{.repeats = 2, .limits = {}};
  Loader good(dataset, pipeline, options, loader::plain_memory(), chunks({{0, 8, 2}}));
  CHECK(good.next()->count == 2);
  Loader bad(dataset, pipeline, options, loader::plain_memory(), chunks({{0, 8, 3}}));
  CHECK_THROWS_AS(bad.next(), InternalError);
}

TEST_CASE("pipelines by epoch: each batch has the size of its epoch, whatever is prefetched") {
  const auto dataset = fakes(8);
  const augment::PipelineSchedule schedule = augment::resized_pipelines(
      crops_of(16), {.initial_scale = 0.5, .delay_fraction = 0.5, .finetune_fraction = 0.25}, 4);
  Loader loader(dataset, schedule, {.seed = 3, .threads = 2, .limits = {}}, loader::plain_memory(),
                chunks({{0, 0, 8}, {1, 0, 8}, {2, 0, 8}, {3, 0, 8}, {0, 0, 8}}));
  std::vector<int32_t> sides;
  while (const auto batch = loader.next()) sides.push_back(batch->width);
  CHECK(sides == std::vector<int32_t>{8, 8, 8, 16, 8});
}
