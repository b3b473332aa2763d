// The memory of a loader's batches: bounded, used again, and kept as long as the caller wants.
#include <memory>
#include <set>
#include <thread>

#include "data/fake_dataset.h"
#include "loader/loading.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using data::OnError;
using loader::Batch;
using loader::BatchMemory;
using loader::Chunk;
using loader::Loader;
using loader::LoaderOptions;
using test::CountingMemory;
using test::epochs_of;
using test::FakeDataset;
using test::message_of;
using test::pipeline_of;

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

TEST_CASE("loader: a batch may outlive its loader, and gives its memory back then") {
  CountingMemory memory;
  std::unique_ptr<Batch> batch;
  {
    const auto dataset = std::make_shared<FakeDataset>(6);
    Loader loader(dataset, pipeline_of({}), {.threads = 2}, memory, epochs_of(6, 4, 1));
    batch = loader.next();
    REQUIRE(batch);
  }
  CHECK(memory.releases < memory.allocations);
  CHECK(stoker::test::copy_of(*batch).count == 4);  // still readable
  batch.reset();
  CHECK(memory.releases == memory.allocations);
}
