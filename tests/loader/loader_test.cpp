#include "stoker/loader/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <thread>

#include "data/fake_dataset.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/core/error.h"
#include "stoker/core/permutation.h"
#include "stoker/kernels/augment.h"
#include "support/catch.h"

using namespace stoker;
using data::OnError;
using loader::Batch;
using loader::BatchMemory;
using loader::Chunk;
using loader::ChunkSource;
using loader::Loader;
using loader::LoaderOptions;
using loader::Stage;
using test::FakeDataset;
using test::FakeSize;

namespace {

std::shared_ptr<const augment::Pipeline> pipeline_of(std::vector<std::string_view> names) {
  std::vector<config::Choice> steps;
  for (std::string_view name : names) {
    config::Choice step = augment::augmentations().pick(name);
    if (name == "normalize")
      step.as<augment::NormalizeOptions>() = {.mean = {0.2, 0.3, 0.4}, .std = {0.5, 0.6, 0.7}};
    if (name == "random_resized_crop") step.as<augment::RandomResizedCropOptions>().size = {6, 9};
    steps.push_back(std::move(step));
  }
  return std::make_shared<augment::Pipeline>(steps);
}

// Epochs 0 to epochs - 1 of n samples, cut into chunks of `count`.
ChunkSource epochs_of(int64_t n, int64_t count, uint32_t epochs) {
  Chunk next{0, 0, 0};
  return [=]() mutable -> std::optional<Chunk> {
    next.first += next.count;
    if (next.first == n) {
      next.first = 0;
      ++next.epoch;
    }
    if (next.epoch == epochs) return std::nullopt;
    next.count = std::min(count, n - next.first);
    return next;
  };
}

// Plain memory that counts.
class CountingMemory final : public BatchMemory {
 public:
  void* allocate(size_t bytes) override {
    const std::lock_guard lock(mutex_);
    ++allocations;
    held += bytes;
    most_held = std::max(most_held, held);
    return loader::plain_memory().allocate(bytes);
  }
  void release(void* memory, size_t bytes) override {
    const std::lock_guard lock(mutex_);
    ++releases;
    held -= bytes;
    loader::plain_memory().release(memory, bytes);
  }

  int64_t allocations = 0, releases = 0;
  size_t held = 0, most_held = 0;

 private:
  std::mutex mutex_;
};

// A batch's content without its memory.
struct Copy {
  int64_t count = 0;
  int32_t width = 0, height = 0;
  std::vector<int64_t> samples, labels;
  std::vector<uint8_t> pixels;  // under kDecoded the images' in their order
  bool operator==(const Copy&) const = default;
};

Copy copy_of(const Batch& batch) {
  Copy copy{batch.count, batch.width, batch.height, batch.samples, batch.labels, {}};
  const auto* bytes = static_cast<const uint8_t*>(batch.pixels);
  if (batch.images.empty()) {
    if (batch.count > 0) copy.pixels.assign(bytes, bytes + batch.pixels_bytes);
  }
  for (const kernels::ImageView& image : batch.images)
    copy.pixels.insert(copy.pixels.end(), image.pixels,
                       image.pixels + image.row_bytes * image.height);
  return copy;
}

std::vector<Copy> drain(Loader& loader) {
  std::vector<Copy> copies;
  while (const std::unique_ptr<Batch> batch = loader.next()) copies.push_back(copy_of(*batch));
  return copies;
}

template <class E>
std::string message_of(Loader& loader) {
  try {
    while (loader.next()) {
    }
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

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

TEST_CASE("loader: memory stays within the bound and is reused for 100 epochs") {
  constexpr size_t kBatchBytes = 16 * 7 * 5 * 3 * 4;
  const auto dataset = std::make_shared<FakeDataset>(64);
  CountingMemory memory;
  {
    LoaderOptions options{.threads = 4};
    options.prefetch_bytes = 5 * kBatchBytes;
    Loader loader(dataset, pipeline_of({}), options, memory, epochs_of(64, 16, 100));
    int64_t batches = 0;
    while (const auto batch = loader.next()) ++batches;
    REQUIRE(batches == 400);
    REQUIRE(memory.most_held <= 5 * kBatchBytes);
    REQUIRE(memory.allocations <= 5);
  }
  REQUIRE(memory.releases == memory.allocations);
  REQUIRE(memory.held == 0);
}

TEST_CASE("loader: batches may be kept while more are fetched") {
  const auto dataset = std::make_shared<FakeDataset>(40);
  CountingMemory memory;
  LoaderOptions options{.shuffle = false, .threads = 2};
  options.prefetch_bytes = 1;  // less than a batch: two are made all the same
  Loader loader(dataset, pipeline_of({}), options, memory, epochs_of(40, 4, 1));
  std::vector<std::unique_ptr<Batch>> kept;
  while (auto batch = loader.next()) kept.push_back(std::move(batch));
  REQUIRE(kept.size() == 10);
  std::set<void*> blocks;
  for (const auto& batch : kept) blocks.insert(batch->pixels);
  REQUIRE(blocks.size() == 10);
  REQUIRE(kept[3]->samples == std::vector<int64_t>{12, 13, 14, 15});
}

TEST_CASE("loader: growing batches release the smaller blocks") {
  const auto dataset = std::make_shared<FakeDataset>(60);
  CountingMemory memory;
  int64_t count = 0, first = 0;
  LoaderOptions options{.threads = 1};
  options.prefetch_bytes = 1;
  Loader loader(dataset, pipeline_of({}), options, memory, [&]() -> std::optional<Chunk> {
    first += count;
    if (++count > 10) return std::nullopt;
    return Chunk{0, first, count};
  });
  while (loader.next()) {
  }
  REQUIRE(memory.most_held <= 3 * 10 * 7 * 5 * 3 * 4);
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

TEST_CASE("loader: an error carries the sample's name, and the first in order wins") {
  // Samples 21 and 23 both fail, one waiting (for a while) for the other to be under way.
  for (const int64_t late : {21, 23}) {
    const int64_t early = 44 - late;
    for (const int threads : {1, 2, 5}) {
      std::atomic<bool> begun{false};
      const auto dataset = std::make_shared<FakeDataset>(64);
      dataset->before_get = [&](int64_t sample) {
        if (sample == late) {
          begun = true;
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        for (int i = 0; i < 50 && sample == early && !begun; ++i)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (sample == 21 || sample == 23 || sample == 40) throw DataError("not a JPEG.");
      };
      LoaderOptions options{.shuffle = false, .threads = threads};
      Loader loader(dataset, pipeline_of({}), options, loader::plain_memory(), epochs_of(64, 8, 1));
      REQUIRE(loader.next()->samples[0] == 0);
      REQUIRE(loader.next()->samples[0] == 8);
      REQUIRE(message_of<DataError>(loader) == "fake/21.img: not a JPEG.");
      REQUIRE(message_of<DataError>(loader) == "fake/21.img: not a JPEG.");  // and again
      REQUIRE(loader.skipped_count() == 0);
    }
  }
}

TEST_CASE("loader: errors keep their type, and a name already there is not repeated") {
  const auto failing = [](auto thrower) {
    auto dataset = std::make_shared<FakeDataset>(5);
    dataset->before_get = [thrower](int64_t) { thrower(); };
    return std::make_unique<Loader>(dataset, pipeline_of({}),
                                    LoaderOptions{.shuffle = false, .on_error = OnError::kFail},
                                    loader::plain_memory(), epochs_of(5, 5, 1));
  };
  auto file = failing([] { throw FileError("fake/0.img: permission denied."); });
  REQUIRE(message_of<FileError>(*file) == "fake/0.img: permission denied.");
  auto memory = failing([] { throw std::bad_alloc(); });
  REQUIRE(message_of<OutOfMemory>(*memory) == "fake/0.img: not enough memory to load it.");
  auto defect = failing([] { throw std::runtime_error("boom"); });
  REQUIRE(message_of<InternalError>(*defect) == "fake/0.img: boom");
  auto odd = failing([] { throw 3; });
  REQUIRE_THROWS_AS(odd->next(), int);
}

TEST_CASE("loader: bytes that are no image are an error with the name") {
  class Garbage final : public data::Dataset {
   public:
    int64_t size() const override { return 1; }
    std::string name(int64_t) const override { return "garbage.jpg"; }
    int64_t label(int64_t) const override { return 0; }
    const std::vector<std::string>& class_names() const override { return names_; }
    data::Record get(int64_t, std::vector<std::byte>&) const override {
      return {.encoded = as_bytes("not an image at all"), .pixels = {}};
    }

   private:
    std::vector<std::string> names_{"a"};
  };
  Loader loader(std::make_shared<Garbage>(), pipeline_of({}), {}, loader::plain_memory(),
                epochs_of(1, 1, 1));
  REQUIRE(message_of<DataError>(loader).find("garbage.jpg") != std::string::npos);
}

TEST_CASE("loader: skipped samples leave no gap, whatever the threads") {
  const auto dataset = std::make_shared<FakeDataset>(24);
  dataset->before_get = [](int64_t sample) {
    if (sample == 0 || sample == 5 || sample == 7 || sample / 8 == 2) throw DataError("cut off.");
  };
  for (const Stage stage : {Stage::kAugmented, Stage::kDecoded}) {
    std::vector<Copy> expected;
    for (const int threads : {1, 2, 5}) {
      LoaderOptions options{.shuffle = false, .stage = stage, .threads = threads};
      options.on_error = OnError::kSkip;
      Loader loader(dataset, pipeline_of({}), options, loader::plain_memory(), epochs_of(24, 8, 2));
      const std::vector<Copy> got = drain(loader);
      REQUIRE(got.size() == 6);
      REQUIRE(got[0].samples == std::vector<int64_t>{1, 2, 3, 4, 6});
      REQUIRE(got[0].labels == std::vector<int64_t>{1, 2, 0, 1, 0});
      REQUIRE(got[1].count == 8);
      REQUIRE(got[2].count == 0);
      const size_t image = got[0].pixels.size() / 5;
      // Sample 6 moved up to the fifth place.
      const auto* last = got[0].pixels.data() + 4 * image;
      if (stage == Stage::kDecoded) {
        REQUIRE(image == 7 * 5 * 3);
        REQUIRE(last[10] == FakeDataset::pixel(6, 10));
      } else {
        float value = 0;
        std::memcpy(&value, last + 10 * sizeof(float), sizeof(float));
        REQUIRE(value == Approx(FakeDataset::pixel(6, 10) / 255.0));
      }
      if (expected.empty()) expected = got;
      REQUIRE(got == expected);
      REQUIRE(loader.skipped_count() == 11);  // distinct, over two epochs
      const auto skipped = loader.skipped();
      REQUIRE(skipped.size() == 11);
      REQUIRE(skipped[1].name == "fake/5.img");
      REQUIRE(skipped[1].reason == "fake/5.img: cut off.");
    }
  }
}

TEST_CASE("loader: skipping does not hide a defect of stoker") {
  const auto dataset = std::make_shared<FakeDataset>(8);
  dataset->before_get = [](int64_t sample) {
    if (sample == 3) throw InternalError("index 9 of 8");
  };
  LoaderOptions options{.on_error = OnError::kSkip};
  Loader loader(dataset, pipeline_of({}), options, loader::plain_memory(), epochs_of(8, 4, 1));
  REQUIRE(message_of<Error>(loader) == "fake/3.img: index 9 of 8");
}

TEST_CASE("loader: the list of skipped samples ends at 1,000, the count does not") {
  const auto dataset = std::make_shared<FakeDataset>(1500);
  dataset->before_get = [](int64_t) { throw FileError("gone."); };
  LoaderOptions options{.threads = 2, .on_error = OnError::kSkip};
  Loader loader(dataset, pipeline_of({}), options, loader::plain_memory(), epochs_of(1500, 100, 1));
  for (const Copy& batch : drain(loader)) REQUIRE(batch.count == 0);
  REQUIRE(loader.skipped_count() == 1500);
  REQUIRE(loader.skipped().size() == 1000);
}

TEST_CASE("loader: outputs of different sizes in one batch are an error that names two samples") {
  const auto dataset = std::make_shared<FakeDataset>(12, [](int64_t sample) {
    return sample == 6 || sample == 9 ? FakeSize{4, 6, 3} : FakeSize{7, 5, 3};
  });
  for (const Stage stage : {Stage::kAugmented, Stage::kDecoded}) {
    for (const int threads : {1, 5}) {
      LoaderOptions options{.shuffle = false, .stage = stage, .threads = threads};
      Loader loader(dataset, pipeline_of({}), options, loader::plain_memory(), epochs_of(12, 4, 1));
      REQUIRE(loader.next()->count == 4);
      const std::string message = message_of<DataError>(loader);
      CAPTURE(message);
      REQUIRE(message.find("fake/4.img comes out as 7x5 and fake/6.img as 4x6") == 0);
      REQUIRE(message.find("random_resized_crop") != std::string::npos);
    }
  }
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

TEST_CASE("loader: what the source throws reaches next() after the batches before it") {
  const auto dataset = std::make_shared<FakeDataset>(8);
  int64_t calls = 0;
  Loader loader(dataset, pipeline_of({}), {.threads = 3}, loader::plain_memory(),
                [&]() -> std::optional<Chunk> {
                  if (++calls == 3) throw DataError("no more shards");
                  return Chunk{0, 0, 8};
                });
  REQUIRE(loader.next() != nullptr);
  REQUIRE(loader.next() != nullptr);
  REQUIRE_THROWS_AS(loader.next(), DataError);
  REQUIRE_THROWS_AS(loader.next(), DataError);
  REQUIRE(calls == 3);
}

TEST_CASE("loader: a chunk outside the data set is refused") {
  const auto dataset = std::make_shared<FakeDataset>(8);
  for (const Chunk chunk : {Chunk{0, 5, 4}, Chunk{0, -1, 2}, Chunk{0, 0, 0}, Chunk{0, 8, 1}}) {
    Loader loader(dataset, pipeline_of({}), {.threads = 2}, loader::plain_memory(),
                  [chunk] { return chunk; });
    REQUIRE_THROWS_AS(loader.next(), InternalError);
  }
}

TEST_CASE("loader: memory that cannot be had is an error, not a crash") {
  class NoMemory final : public BatchMemory {
   public:
    void* allocate(size_t) override { throw OutOfMemory("no pinned memory left"); }
    void release(void*, size_t) override {}
  };
  NoMemory memory;
  const auto dataset = std::make_shared<FakeDataset>(8);
  LoaderOptions options{.threads = 2, .on_error = OnError::kSkip};
  Loader loader(dataset, pipeline_of({}), options, memory, epochs_of(8, 4, 1));
  REQUIRE(message_of<OutOfMemory>(loader).find("no pinned memory left") != std::string::npos);
}

TEST_CASE("loader: batches are given back from other threads") {
  const auto dataset = std::make_shared<FakeDataset>(256);
  CountingMemory memory;
  LoaderOptions options{.shuffle = false, .threads = 3};
  options.prefetch_bytes = 4 * 8 * 7 * 5 * 3 * 4;
  Loader loader(dataset, pipeline_of({}), options, memory, epochs_of(256, 8, 4));
  int64_t expected = 0;
  while (std::unique_ptr<Batch> batch = loader.next()) {
    REQUIRE(batch->samples[0] == expected % 256);
    expected += 8;
    std::thread([taken = std::move(batch)]() mutable { taken.reset(); }).join();
  }
  REQUIRE(expected == 4 * 256);
  REQUIRE(memory.allocations <= 4);
}
