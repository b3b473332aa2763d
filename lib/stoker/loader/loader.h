// Reads, decodes and augments samples ahead of their use, in order, in the threads of the process's
// pool. No torch.
//
// The caller says which positions come next (a ChunkSource); threads take samples of the chunks,
// several chunks ahead, and next() hands the batches out in the order of the source, whatever the
// threads' timing. What a batch holds is a function of (seed, epoch, positions) alone.
//
//   Loader loader(dataset, pipeline, options, memory, source);
//   while (std::unique_ptr<Batch> batch = loader.next()) train(*batch);
//
// Memory is bounded by prefetch_bytes, the batches in the caller's hands included, but never keeps
// fewer than two batches in the making. Within that the loader works only as far ahead as the
// caller has needed. Batches give their buffers back when destroyed, on any thread; one that
// outlives the loader keeps what it holds alive. next() is for one thread. The destructor leaves
// unfinished what was prefetched.
//
// An exception in a thread is rethrown by the next() that would have returned its batch, with the
// sample's name in the message; the first in the order of the source wins, and the loader then
// gives no more. Under OnError::kSkip a DataError or FileError only leaves its sample out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/augment/pipeline_schedule.h"
#include "stoker/data/dataset.h"
#include "stoker/data/options.h"
#include "stoker/decode/decode.h"
#include "stoker/loader/stage_times.h"

namespace stoker::loader {

// A run of positions of one epoch that make up one batch.
struct Chunk {
  uint32_t epoch = 0;
  int64_t first = 0;  // position in the epoch's order, with repetitions
  int64_t count = 0;
};
// The next chunk, or nothing at the end. Called under the loader's lock, in order.
using ChunkSource = std::function<std::optional<Chunk>()>;

// Where the batches' buffers come from: plain memory, pinned memory, a tensor's storage.
class BatchMemory {
 public:
  virtual ~BatchMemory() = default;
  virtual void* allocate(size_t bytes) = 0;  // 64-byte aligned at least
  virtual void release(void* memory, size_t bytes) = 0;
};
BatchMemory& plain_memory();

// Where the fused pass runs: in the loader's threads (CPU training), or later on the device, which
// then gets the decoded pixels, geometries and programs.
enum class Stage { kAugmented, kDecoded };

struct LoaderOptions {
  uint64_t seed = 0;
  bool shuffle = true;  // order of the keyed permutation, else the data set's own
  // Positions p * repeats to p * repeats + repeats - 1 are the sample at p of the order, each a
  // repetition with draws of its own. In [1, 256].
  int64_t repeats = 1;
  Stage stage = Stage::kAugmented;
  kernels::PixelType type = kernels::PixelType::kFloat32;  // of augmented pixels
  int32_t channels = 3;
  int threads = 0;  // of the pool's, at most; 0: usable_cpus()
  int64_t prefetch_bytes = int64_t{512} << 20;
  data::OnError on_error = data::OnError::kFail;
  decode::DecodeLimits limits;
  // Decode JPEGs at a half, a quarter or an eighth of their size where the crop is larger than the
  // output by as much. Not for data sets that keep decoded images.
  bool shrink_jpegs = false;
};

struct Batch {
  Chunk chunk;
  int64_t count = 0;  // samples held; less than chunk.count, even 0, where samples were skipped
  int32_t width = 0, height = 0, channels = 0;
  std::vector<int64_t> samples;  // indices into the data set
  std::vector<int64_t> labels;
  // kAugmented: [count, height, width, channels] of the loader's type.
  // kDecoded: the pixels of all images in one block, of each at least the part that its geometry
  // needs; `images` point into it, rows without gaps.
  // Where in the block an image lies may differ from run to run.
  void* pixels = nullptr;
  size_t pixels_bytes = 0;
  std::vector<kernels::ImageView> images;
  std::vector<kernels::Geometry> geometries;
  std::vector<kernels::Program> programs;  // empty where no step of the pipeline changes pixels
  std::function<void()> give_back;

  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (give_back) give_back();
  }
};

struct SkippedSample {
  std::string name;
  std::string reason;
};

class Loader {
 public:
  Loader(std::shared_ptr<const data::Dataset> dataset, augment::PipelineSchedule pipelines,
         LoaderOptions options, BatchMemory& memory, ChunkSource source);
  ~Loader();

  // Waits for the next batch; null at the end of the source. Throws what a thread or the source
  // threw, and DataError when the images of a batch come out in different sizes.
  std::unique_ptr<Batch> next();
  // Distinct samples skipped under OnError::kSkip in the batches handed out (the first 1,000), and
  // their count.
  std::vector<SkippedSample> skipped() const;
  int64_t skipped_count() const;
  double wait_s() const;  // time that next() has waited, in all
  // Where the threads' time went so far, over all samples that they have worked on.
  StageTimes stage_times() const;
  int threads() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace stoker::loader
