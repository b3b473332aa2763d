#include "stoker/loader/loader.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include "data/fake_dataset.h"
#include "loader/loading.h"
#include "stoker/core/permutation.h"
#include "stoker/kernels/augment.h"
#include "support/catch.h"

using namespace stoker;
using loader::Loader;
using loader::LoaderOptions;
using loader::Stage;
using test::Copy;
using test::CountingMemory;
using test::drain;
using test::epochs_of;
using test::FakeDataset;
using test::FakeSize;
using test::pipeline_of;

TEST_CASE("loader: the same bytes for any number of threads and any prefetch") {
  const auto dataset = std::make_shared<FakeDataset>(53);
  const auto pipeline = pipeline_of({"flip"});
  for (const Stage stage : {Stage::kAugmented, Stage::kDecoded}) {
    std::vector<Copy> expected;
    for (const int threads : {1, 2, 5}) {
      for (const int64_t prefetch : {int64_t{1}, int64_t{9'000}, int64_t{1} << 30}) {
        LoaderOptions options{.seed = 11, .stage = stage, .threads = threads};
        options.prefetch_bytes = prefetch;
        Loader loader(dataset, pipeline, options, loader::plain_memory(), epochs_of(53, 8, 3));
        const std::vector<Copy> got = drain(loader);
        REQUIRE(got.size() == 21);
        REQUIRE(got[6].count == 5);
        if (expected.empty()) expected = got;
        REQUIRE(got == expected);
      }
    }
  }
}

TEST_CASE("loader: a batch holds what the kernel makes of each sample, in the permuted order") {
  const auto dataset = std::make_shared<FakeDataset>(29);
  const auto pipeline = pipeline_of({"flip", "normalize"});
  const LoaderOptions options{.seed = 5, .threads = 3};
  Loader loader(dataset, pipeline, options, loader::plain_memory(), epochs_of(29, 6, 2));
  std::vector<std::byte> scratch;
  while (const auto batch = loader.next()) {
    REQUIRE(batch->width == 7);
    REQUIRE(batch->height == 5);
    REQUIRE(batch->channels == 3);
    REQUIRE(batch->pixels_bytes == size_t(batch->count) * 7 * 5 * 3 * 4);
    REQUIRE(reinterpret_cast<uintptr_t>(batch->pixels) % 64 == 0);
    const Permutation order(29, {.seed = 5, .epoch = batch->chunk.epoch});
    std::vector<float> expected(size_t(batch->count) * 7 * 5 * 3);
    for (int64_t i = 0; i < batch->count; ++i) {
      const int64_t sample = order[batch->chunk.first + i];
      REQUIRE(batch->samples[size_t(i)] == sample);
      REQUIRE(batch->labels[size_t(i)] == sample % 3);
      const data::Record record = dataset->get(sample, scratch);
      kernels::augment(
          record.pixels, pipeline->draw({5, batch->chunk.epoch, uint64_t(sample)}, 7, 5),
          pipeline->normalization(), {expected.data(), kernels::PixelType::kFloat32, 7, 5, 3}, i);
    }
    REQUIRE(std::memcmp(expected.data(), batch->pixels, batch->pixels_bytes) == 0);
  }
}

TEST_CASE("loader: without shuffling, samples come in their own order, each once an epoch") {
  const auto dataset = std::make_shared<FakeDataset>(10);
  LoaderOptions options{.shuffle = false, .type = kernels::PixelType::kBFloat16, .channels = 1};
  options.threads = 2;
  Loader loader(dataset, pipeline_of({}), options, loader::plain_memory(), epochs_of(10, 4, 1));
  const std::vector<Copy> batches = drain(loader);
  REQUIRE(batches.size() == 3);
  REQUIRE(batches[1].samples == std::vector<int64_t>{4, 5, 6, 7});
  REQUIRE(batches[2].samples == std::vector<int64_t>{8, 9});
  REQUIRE(batches[2].pixels.size() == 2 * 7 * 5 * 1 * 2);
  REQUIRE(loader.next() == nullptr);
  REQUIRE(loader.next() == nullptr);
}

TEST_CASE("loader: a source that ends at once gives nothing") {
  const auto dataset = std::make_shared<FakeDataset>(10);
  Loader loader(dataset, pipeline_of({}), {.threads = 3}, loader::plain_memory(),
                [] { return std::nullopt; });
  REQUIRE(loader.next() == nullptr);
}

TEST_CASE("loader: the destructor stops threads in the middle of their work") {
  const auto dataset = std::make_shared<FakeDataset>(1'000'000);
  std::atomic<int64_t> reads{0};
  dataset->before_get = [&](int64_t) {
    ++reads;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  for (const int wanted : {0, 1}) {
    Loader loader(dataset, pipeline_of({}), {.threads = 5}, loader::plain_memory(),
                  epochs_of(1'000'000, wanted == 0 ? 1'000'000 : 10, 1));
    for (int i = 0; i < wanted; ++i) REQUIRE(loader.next() != nullptr);
  }
  // A million samples were asked for; a stop that finished them would take minutes.
  REQUIRE(reads < 10'000);
}

TEST_CASE("loader: batches may differ from one another in size") {
  const auto dataset = std::make_shared<FakeDataset>(12, [](int64_t sample) {
    return FakeSize{int32_t(3 + sample / 4), int32_t(5 + 2 * (sample / 4)), 3};
  });
  LoaderOptions options{.shuffle = false, .threads = 3};
  Loader loader(dataset, pipeline_of({}), options, loader::plain_memory(), epochs_of(12, 4, 1));
  const std::vector<Copy> batches = drain(loader);
  REQUIRE(batches[0].width == 3);
  REQUIRE(batches[2].width == 5);
  REQUIRE(batches[2].height == 9);
}

TEST_CASE("loader: decoded images of any sizes lie in one block with their geometries") {
  // The first image is tiny, so the block that it suggests is far too small.
  const auto size_of = [](int64_t sample) {
    return FakeSize{int32_t(1 + 13 * sample), int32_t(2 + 5 * sample), sample % 2 == 0 ? 3 : 1};
  };
  const auto dataset = std::make_shared<FakeDataset>(18, size_of);
  const auto pipeline = pipeline_of({"random_resized_crop"});
  for (const int threads : {1, 4}) {
    CountingMemory memory;
    LoaderOptions options{.seed = 3, .shuffle = false, .stage = Stage::kDecoded};
    options.threads = threads;
    Loader loader(dataset, pipeline, options, memory, epochs_of(18, 6, 2));
    while (const auto batch = loader.next()) {
      const auto* begin = static_cast<const uint8_t*>(batch->pixels);
      for (int64_t i = 0; i < batch->count; ++i) {
        const int64_t sample = batch->samples[size_t(i)];
        const FakeSize size = size_of(sample);
        const kernels::ImageView& image = batch->images[size_t(i)];
        REQUIRE(image.width == size.width);
        REQUIRE(image.height == size.height);
        REQUIRE(image.channels == size.channels);
        const int64_t bytes = image.row_bytes * image.height;
        REQUIRE(bytes == int64_t{size.width} * size.height * size.channels);
        REQUIRE(image.pixels >= begin);
        REQUIRE(image.pixels + bytes <= begin + batch->pixels_bytes);
        int64_t wrong = 0;
        for (int64_t at = 0; at < bytes; ++at)
          wrong += image.pixels[at] != FakeDataset::pixel(sample, at);
        REQUIRE(wrong == 0);
        const kernels::Geometry geometry =
            pipeline->draw({3, batch->chunk.epoch, uint64_t(sample)}, size.width, size.height);
        REQUIRE(batch->geometries[size_t(i)].box_x == geometry.box_x);
        REQUIRE(batch->geometries[size_t(i)].box_h == geometry.box_h);
      }
    }
  }
}
