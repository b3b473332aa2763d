// One batch of a loader while threads fill it: where each sample goes, what went wrong, and the
// final shape.
//
// Threads take disjoint ranges of [0, count()) and call the methods of "filling" for each sample of
// theirs; whoever finishes the last one calls finish(). What comes out does not depend on which
// thread did what, except for the order of the images in memory under Stage::kDecoded.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stoker/augment/pipeline.h"
#include "stoker/core/permutation.h"
#include "stoker/loader/batch_pool.h"
#include "stoker/loader/loader.h"

namespace stoker::loader {

class BatchJob {
 public:
  using Size = augment::Pipeline::Size;

  // A sample that could not be read, by its place in the batch.
  struct Skip {
    int64_t slot = 0;
    std::string reason;
  };

  // bytes_per_image: what to reserve under Stage::kDecoded; 0 when nothing is known yet.
  // has_programs: whether recipes hold programs to keep.
  BatchJob(BatchPool& pool, const Chunk& chunk, int64_t dataset_size, const LoaderOptions& options,
           int64_t bytes_per_image, bool has_programs);

  int64_t count() const { return chunk_.count; }
  uint32_t epoch() const { return chunk_.epoch; }
  // Index into the data set of the sample at `slot`.
  int64_t sample(int64_t slot) const {
    const int64_t position = (chunk_.first + slot) / repeats_;
    return order_ ? (*order_)[position] : position;
  }
  // Which showing of that sample it is.
  uint32_t repetition(int64_t slot) const {
    return static_cast<uint32_t>((chunk_.first + slot) % repeats_);
  }

  // Filling. `slot` must have been given to the calling thread.
  void set_label(int64_t slot, int64_t sample, int64_t label) {
    batch_->samples[slot] = sample;
    batch_->labels[slot] = label;
  }
  // Where an augmented image of this size goes; pixels are null when another size came first, which
  // finish() turns into an error.
  kernels::OutputView output(int64_t slot, Size size);
  // Copies a decoded image.
  void add_image(int64_t slot, Size size, const kernels::ImageView& image,
                 const augment::Recipe& recipe);
  void skip(int64_t slot, std::string reason);
  void fail(int64_t slot, std::exception_ptr error);
  // Samples after this one need not be loaded any more. What comes before still must, so that the
  // first error in order is the one reported.
  int64_t failed_slot() const { return failed_slot_.load(std::memory_order_relaxed); }
  // Says that `slots` more samples are dealt with; true for the call that completes the batch.
  bool complete(int64_t slots) {
    return unfinished_.fetch_sub(slots, std::memory_order_acq_rel) == slots;
  }

  // Closes the gaps of skipped samples and checks that all sizes agree. Never throws: see error().
  void finish(const data::Dataset& dataset);

  // After finish().
  std::exception_ptr error() const { return error_; }
  const std::vector<Skip>& skips() const { return skips_; }  // by slot
  size_t pixels_bytes() const { return batch_->pixels_bytes; }
  std::unique_ptr<Batch> take_batch() { return std::move(batch_); }

 private:
  void allocate(Size size, int64_t image_bytes);
  void check_sizes(const data::Dataset& dataset) const;
  void gather_spilled();
  void compact();

  BatchPool& pool_;
  const Chunk chunk_;
  const Stage stage_;
  const kernels::PixelType type_;
  const int32_t channels_;
  const int64_t repeats_;
  const int64_t expected_image_bytes_;
  const int64_t most_reserved_bytes_;
  std::optional<Permutation> order_;  // of the epoch, when shuffled

  std::unique_ptr<Batch> batch_;
  std::vector<Size> sizes_;  // of each output; width 0: no sample there
  std::atomic<int64_t> unfinished_;
  std::atomic<int64_t> failed_slot_{std::numeric_limits<int64_t>::max()};

  std::mutex mutex_;  // guards what follows, until finish()
  std::atomic<void*> pixels_{nullptr};
  Size size_;
  size_t capacity_ = 0;
  std::atomic<size_t> used_{0};
  std::vector<std::pair<int64_t, std::vector<uint8_t>>> spilled_;  // images that found no room
  std::vector<Skip> skips_;
  std::exception_ptr error_;
};

}  // namespace stoker::loader
