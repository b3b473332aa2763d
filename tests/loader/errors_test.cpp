// What ends a loader, with which words, and what it leaves out where it is to skip.
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>

#include "data/fake_dataset.h"
#include "loader/loading.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using data::OnError;
using loader::Chunk;
using loader::Loader;
using loader::LoaderOptions;
using loader::Stage;
using test::Copy;
using test::drain;
using test::epochs_of;
using test::FakeDataset;
using test::FakeSize;
using test::message_of;
using test::pipeline_of;

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
