#include "stoker/loader/stage_times.h"

#include <chrono>
#include <thread>

#include "data/fake_dataset.h"
#include "stoker/loader/loader.h"
#include "support/catch.h"

using namespace stoker;
using loader::Chunk;
using loader::Loader;
using loader::StageClock;
using loader::StageTimes;

namespace {

constexpr auto kNap = std::chrono::milliseconds(2);

void nap() { std::this_thread::sleep_for(kNap); }

loader::ChunkSource one_chunk(int64_t count) {
  return [count, given = false]() mutable -> std::optional<Chunk> {
    if (std::exchange(given, true)) return std::nullopt;
    return Chunk{.epoch = 0, .first = 0, .count = count};
  };
}

// Sums over the threads of a loader that gives `count` samples of `dataset`.
StageTimes times_of(std::shared_ptr<const data::Dataset> dataset, int64_t count,
                    loader::Stage stage) {
  const auto pipeline = std::make_shared<augment::Pipeline>(std::vector<config::Choice>{});
  Loader loader(std::move(dataset), pipeline, {.stage = stage, .threads = 2, .limits = {}},
                loader::plain_memory(), one_chunk(count));
  while (loader.next()) {
  }
  return loader.stage_times();
}

// Images that a cache has just decoded, and says so.
class DecodingDataset final : public data::Dataset {
 public:
  int64_t size() const override { return 8; }
  std::string name(int64_t) const override { return "decoded"; }
  int64_t label(int64_t) const override { return 0; }
  const std::vector<std::string>& class_names() const override { return names_; }
  data::Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    nap();
    data::Record record = fake_.get(index, scratch);
    record.decode_ns = std::chrono::nanoseconds(kNap).count();
    return record;
  }

 private:
  test::FakeDataset fake_{8};
  std::vector<std::string> names_{"a"};
};

}  // namespace

TEST_CASE("stage times: a run's time is spread as the timed samples spent theirs") {
  StageClock clock;
  clock.start_sample();
  nap();
  clock.lap(StageClock::kRead);
  for (int i = 0; i < 20; ++i) nap();  // so many more that no busy machine turns it round
  clock.lap(StageClock::kAugment);
  const StageTimes times = clock.end_run(100, 8.0);
  CHECK(times.samples == 100);
  CHECK(times.total_s() == Approx(8.0));
  CHECK(times.read_s > 0);
  CHECK(times.augment_s > times.read_s);
  CHECK(times.decode_s == 0);
  // The next run has no lap of its own: the shares stay.
  const StageTimes next = clock.end_run(50, 4.0);
  CHECK(next.read_s == Approx(times.read_s / 2));
}

TEST_CASE("stage times: of quick samples only some are timed, of slow ones all") {
  StageClock clock;
  clock.end_run(1000, 1000 * 10e-6);  // 10 us each: every tenth is timed
  for (int i = 1; i <= 9; ++i) {
    clock.start_sample();
    nap();
    clock.lap(StageClock::kDecode);
  }
  CHECK(clock.end_run(9, 9 * 1e-3).decode_s == 0);
  clock.start_sample();  // slow ones came: the next is timed
  nap();
  clock.lap(StageClock::kDecode);
  CHECK(clock.end_run(1, 1e-3).decode_s == Approx(1e-3));
}

TEST_CASE("stage times: a slow data set shows as reading") {
  const auto dataset = std::make_shared<test::FakeDataset>(12);
  dataset->before_get = [](int64_t) { nap(); };
  const StageTimes times = times_of(dataset, 12, loader::Stage::kAugmented);
  CHECK(times.samples == 12);
  CHECK(times.read_s >= 12 * 2e-3);
  CHECK(times.copy_s == 0);
}

TEST_CASE("stage times: what a data set decodes for its cache counts as decoding") {
  const StageTimes times =
      times_of(std::make_shared<DecodingDataset>(), 8, loader::Stage::kAugmented);
  CHECK(times.decode_s >= 0.99 * 8 * 2e-3);  // rounded; a loaded machine lengthens the rest
}

TEST_CASE("stage times: where a GPU augments, the threads copy") {
  const StageTimes times =
      times_of(std::make_shared<test::FakeDataset>(
                   6, [](int64_t) { return test::FakeSize{.width = 311, .height = 257}; }),
               6, loader::Stage::kDecoded);
  CHECK(times.copy_s > 0);
  CHECK(times.augment_s == 0);
}
