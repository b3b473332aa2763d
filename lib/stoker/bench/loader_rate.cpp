#include "stoker/bench/loader_rate.h"

#include <algorithm>

#include "stoker/bench/clock.h"
#include "stoker/train/plan.h"

namespace stoker::bench {

namespace {

constexpr int kWarmupBatches = 2;

// Epochs without end, in whole batches.
loader::ChunkSource endless_chunks(int64_t samples, int64_t batch_size) {
  const int64_t count = std::min(samples, batch_size);
  return [samples, count,
          next = loader::Chunk{
              .epoch = 0, .first = 0, .count = count}]() mutable -> std::optional<loader::Chunk> {
    const loader::Chunk chunk = next;
    next.first += count;
    if (next.first + count > samples) next = {.epoch = next.epoch + 1, .first = 0, .count = count};
    return chunk;
  };
}

train::Feed feed_of(const train::Source& source, const LoaderRateOptions& options,
                    loader::ChunkSource chunks) {
  train::Source used = source;
  used.loader.threads = options.threads;
  return {used, options.device, options.precision, std::move(chunks)};
}

// Takes batches until the source ends or `seconds` are over.
LoaderRate drain(train::Feed& feed, at::Device device, double seconds) {
  wait_for(device);
  const Stopwatch watch;
  const loader::StageTimes before = feed.loader().stage_times();
  LoaderRate rate{.threads = feed.loader().threads()};
  while (rate.time_s < seconds) {
    check_interrupt();
    const auto batch = feed.next();
    if (!batch) break;
    rate.images += batch->labels.size(0);
    rate.time_s = watch.elapsed_s();
  }
  wait_for(device);
  rate.time_s = watch.elapsed_s();
  rate.stages = feed.loader().stage_times() - before;
  return rate;
}

}  // namespace

double LoaderRate::busy() const {
  return std::min(1.0, stages.total_s() / (time_s * static_cast<double>(threads)));
}

LoaderRate measure_pass(const train::Source& source, const LoaderRateOptions& options) {
  train::Feed feed = feed_of(source, options,
                             train::sequential_chunks(source.dataset->size(), options.batch_size));
  return drain(feed, options.device, std::numeric_limits<double>::infinity());
}

LoaderRate measure_loader(const train::Source& source, const LoaderRateOptions& options,
                          double seconds) {
  train::Feed feed =
      feed_of(source, options, endless_chunks(source.dataset->size(), options.batch_size));
  for (int i = 0; i < kWarmupBatches; ++i) feed.next();
  return drain(feed, options.device, seconds);
}

}  // namespace stoker::bench
