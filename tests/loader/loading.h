// What tests of the loader need around it: pipelines, sources of chunks, memory that counts, and
// batches that outlive their memory.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/augment/normalize.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/loader/loader.h"
#include "support/thrown.h"

namespace stoker::test {

inline std::shared_ptr<const augment::Pipeline> pipeline_of(std::vector<std::string_view> names) {
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
inline loader::ChunkSource epochs_of(int64_t n, int64_t count, uint32_t epochs) {
  loader::Chunk next{0, 0, 0};
  return [=]() mutable -> std::optional<loader::Chunk> {
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
class CountingMemory final : public loader::BatchMemory {
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

inline Copy copy_of(const loader::Batch& batch) {
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

// All batches that are left.
inline std::vector<Copy> drain(loader::Loader& loader) {
  std::vector<Copy> copies;
  while (const std::unique_ptr<loader::Batch> batch = loader.next())
    copies.push_back(copy_of(*batch));
  return copies;
}

// What the loader throws as an Error in the end says.
template <class Error>
std::string message_of(loader::Loader& loader) {
  return message_of<Error>([&loader] { drain(loader); });
}

}  // namespace stoker::test
