// How fast a loader gives images, for some seconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "processor_time.h"
#include "stoker/loader/loader.h"

namespace stoker::bench {

struct Rate {
  double images_per_s = 0;
  double images_per_cpu_s = 0;
  auto operator<=>(const Rate&) const = default;
};

// Whole batches, epoch after epoch, after `warm_images` images that do not count.
inline Rate run_loader(const std::shared_ptr<const data::Dataset>& dataset,
                       const std::shared_ptr<const augment::Pipeline>& pipeline,
                       const loader::LoaderOptions& options, int64_t batch, int64_t warm_images,
                       double seconds) {
  loader::Chunk next{0, 0, std::min(batch, dataset->size())};
  loader::Loader loader(dataset, pipeline, options, loader::plain_memory(),
                        [&, n = dataset->size()]() -> std::optional<loader::Chunk> {
                          const loader::Chunk chunk = next;
                          next.first += next.count;
                          if (next.first + next.count > n) next = {next.epoch + 1, 0, next.count};
                          return chunk;
                        });
  for (int64_t warm = 0; warm < warm_images;) warm += loader.next()->count;
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const double cpu_start_s = process_cpu_s();
  int64_t images = 0;
  double elapsed_s = 0;
  while (elapsed_s < seconds) {
    images += loader.next()->count;
    elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return {double(images) / elapsed_s, double(images) / (process_cpu_s() - cpu_start_s)};
}

}  // namespace stoker::bench
