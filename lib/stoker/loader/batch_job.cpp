#include "stoker/loader/batch_job.h"

#include <algorithm>
#include <cstring>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::loader {
namespace {

constexpr size_t kImageAlignment = 16;

size_t aligned(size_t bytes) {
  return (bytes + kImageAlignment - 1) / kImageAlignment * kImageAlignment;
}

size_t packed_bytes(const kernels::ImageView& image) {
  return size_t(image.width) * size_t(image.height) * size_t(image.channels);
}

// Rows one after another, without gaps.
void pack(const kernels::ImageView& image, uint8_t* to) {
  const size_t row = size_t(image.width) * size_t(image.channels);
  if (size_t(image.row_bytes) == row) {
    std::memcpy(to, image.pixels, row * size_t(image.height));
    return;
  }
  for (int32_t y = 0; y < image.height; ++y)
    std::memcpy(to + y * row, image.pixels + y * image.row_bytes, row);
}

}  // namespace

BatchJob::BatchJob(BatchPool& pool, const Chunk& chunk, int64_t dataset_size,
                   const LoaderOptions& options, int64_t bytes_per_image, bool has_programs)
    : pool_(pool),
      chunk_(chunk),
      stage_(options.stage),
      type_(options.type),
      channels_(options.channels),
      repeats_(options.repeats),
      expected_image_bytes_(bytes_per_image),
      most_reserved_bytes_(options.prefetch_bytes / 2),
      unfinished_(chunk.count) {
  STOKER_CHECK(
      chunk.first >= 0 && chunk.count > 0 && chunk.count <= dataset_size * repeats_ - chunk.first,
      "chunk of {} from {}, data set of {}, each {} times", chunk.count, chunk.first, dataset_size,
      repeats_);
  if (options.shuffle) order_.emplace(dataset_size, PermutationKey{options.seed, chunk.epoch});
  batch_ = pool.make_batch();
  batch_->chunk = chunk;
  batch_->samples.resize(size_t(chunk.count));
  batch_->labels.resize(size_t(chunk.count));
  if (stage_ == Stage::kDecoded) {
    batch_->images.assign(size_t(chunk.count), {});
    batch_->geometries.assign(size_t(chunk.count), {});
    batch_->programs.resize(has_programs ? size_t(chunk.count) : 0);
  }
  sizes_.resize(size_t(chunk.count));
}

void BatchJob::allocate(Size size, int64_t image_bytes) {
  const std::lock_guard lock(mutex_);
  if (pixels_.load(std::memory_order_relaxed) != nullptr) return;
  int64_t bytes = image_bytes * count();
  if (stage_ == Stage::kDecoded) {  // sizes vary: the mean so far and an eighth more
    const int64_t expected = expected_image_bytes_ > 0 ? expected_image_bytes_ : image_bytes;
    bytes = std::clamp(expected * count() / 8 * 9, image_bytes,
                       std::max(image_bytes, most_reserved_bytes_));
  }
  const BatchPool::Block block = pool_.take(size_t(bytes));
  size_ = size;
  capacity_ = block.capacity;
  pixels_.store(block.memory, std::memory_order_release);
}

kernels::OutputView BatchJob::output(int64_t slot, Size size) {
  sizes_[slot] = size;
  if (pixels_.load(std::memory_order_acquire) == nullptr)
    allocate(size, int64_t{size.width} * size.height * channels_ * kernels::pixel_bytes(type_));
  void* pixels = size == size_ ? pixels_.load(std::memory_order_acquire) : nullptr;
  return {pixels, type_, size.width, size.height, channels_};
}

void BatchJob::add_image(int64_t slot, Size size, const kernels::ImageView& image,
                         const augment::Recipe& recipe) {
  const size_t bytes = packed_bytes(image);
  if (pixels_.load(std::memory_order_acquire) == nullptr) allocate(size, int64_t(aligned(bytes)));
  const size_t offset = used_.fetch_add(aligned(bytes), std::memory_order_relaxed);
  uint8_t* to = nullptr;
  if (offset + bytes <= capacity_) {
    to = static_cast<uint8_t*>(pixels_.load(std::memory_order_acquire)) + offset;
  } else {
    std::vector<uint8_t> spilled(bytes);
    to = spilled.data();
    const std::lock_guard lock(mutex_);
    spilled_.emplace_back(slot, std::move(spilled));
  }
  pack(image, to);
  kernels::ImageView& packed = batch_->images[slot] = image;
  packed.pixels = to;
  packed.row_bytes = int64_t{image.width} * image.channels;
  batch_->geometries[slot] = recipe.geometry;
  if (!batch_->programs.empty()) batch_->programs[slot] = recipe.program;
  sizes_[slot] = size;
}

void BatchJob::skip(int64_t slot, std::string reason) {
  const std::lock_guard lock(mutex_);
  sizes_[slot] = {};
  skips_.push_back({slot, std::move(reason)});
}

void BatchJob::fail(int64_t slot, std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  if (slot >= failed_slot_.load(std::memory_order_relaxed)) return;
  failed_slot_.store(slot, std::memory_order_relaxed);
  error_ = std::move(error);
}

void BatchJob::check_sizes(const data::Dataset& dataset) const {
  const auto first = std::ranges::find_if(sizes_, [](Size size) { return size.width > 0; });
  const auto other = std::find_if(first, sizes_.end(),
                                  [first](Size size) { return size.width > 0 && size != *first; });
  if (other == sizes_.end()) return;
  const auto name = [&](auto position) {
    return dataset.name(batch_->samples[size_t(position - sizes_.begin())]);
  };
  throw DataError(fmt::format(
      "{} comes out as {}x{} and {} as {}x{} (width x height), but all images of a batch must have "
      "one size. Add random_resized_crop, or resize and then center_crop, to augment.",
      shown(name(first)), first->width, first->height, shown(name(other)), other->width,
      other->height));
}

// Moves everything into one block that holds it all.
void BatchJob::gather_spilled() {
  if (spilled_.empty()) return;
  const BatchPool::Block block = pool_.take(used_.load());
  auto* to = static_cast<uint8_t*>(block.memory);
  for (kernels::ImageView& image : batch_->images) {
    if (image.pixels == nullptr) continue;
    std::memcpy(to, image.pixels, packed_bytes(image));
    image.pixels = to;
    to += aligned(packed_bytes(image));
  }
  pool_.give(pixels_.exchange(block.memory));
  spilled_.clear();
}

// Kept samples move up over the skipped ones, in order.
void BatchJob::compact() {
  const size_t image_bytes = size_t(size_.width) * size_t(size_.height) * size_t(channels_) *
                             size_t(kernels::pixel_bytes(type_));
  auto* pixels = static_cast<std::byte*>(batch_->pixels);
  size_t kept = 0;
  for (size_t slot = 0; slot < sizes_.size(); ++slot) {
    if (sizes_[slot].width == 0) continue;
    if (kept != slot) {
      batch_->samples[kept] = batch_->samples[slot];
      batch_->labels[kept] = batch_->labels[slot];
      if (stage_ == Stage::kDecoded) {
        batch_->images[kept] = batch_->images[slot];
        batch_->geometries[kept] = batch_->geometries[slot];
        if (!batch_->programs.empty()) batch_->programs[kept] = batch_->programs[slot];
      } else {
        std::memcpy(pixels + kept * image_bytes, pixels + slot * image_bytes, image_bytes);
      }
    }
    ++kept;
  }
  batch_->count = int64_t(kept);
  batch_->samples.resize(kept);
  batch_->labels.resize(kept);
  if (stage_ == Stage::kDecoded) {
    batch_->images.resize(kept);
    batch_->geometries.resize(kept);
    if (!batch_->programs.empty()) batch_->programs.resize(kept);
    batch_->pixels_bytes = used_.load();
  } else {
    batch_->pixels_bytes = kept * image_bytes;
  }
}

void BatchJob::finish(const data::Dataset& dataset) {
  if (!error_) {
    try {
      check_sizes(dataset);
      gather_spilled();
      std::ranges::sort(skips_, {}, &Skip::slot);
      batch_->pixels = pixels_.exchange(nullptr);
      batch_->width = size_.width;
      batch_->height = size_.height;
      batch_->channels = channels_;
      compact();
    } catch (...) {
      error_ = std::current_exception();  // rethrown by Loader::next()
    }
  }
}

}  // namespace stoker::loader
