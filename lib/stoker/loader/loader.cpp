#include "stoker/loader/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "stoker/core/ceil_div.h"
#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/loader/batch_job.h"
#include "stoker/loader/batch_pool.h"
#include "stoker/loader/sample_worker.h"
#include "stoker/loader/worker_pool.h"

namespace stoker::loader {
namespace {

constexpr size_t kFewestBatchesAhead = 2;
constexpr size_t kMostBatchesAhead = 64;
constexpr size_t kListedSkips = 1000;

}  // namespace

// One lock guards the queue. Threads take it once for a run of samples, not for each.
struct Loader::Impl final : WorkerPool::Client, std::enable_shared_from_this<Loader::Impl> {
  Impl(std::shared_ptr<const data::Dataset> dataset, augment::PipelineSchedule pipelines,
       LoaderOptions options, BatchMemory& memory, ChunkSource source);

  // Attaches to the pool of threads; detaches again, and waits for the threads at work.
  void start() { threads_.attach(*this, threads_count_); }
  void stop();

  std::unique_ptr<Batch> next();
  bool work_once(int slot) noexcept override;

  // A run of samples that a thread has taken.
  struct Run {
    BatchJob* job = nullptr;
    int64_t begin = 0, end = 0;
  };
  // A batch that is being filled or waits to be fetched.
  struct Entry {
    std::unique_ptr<BatchJob> job;
    int64_t assigned = 0;  // samples that threads work on or are done with
    bool ready = false;
  };

  std::optional<Run> take_run(int64_t length);
  bool may_open();
  bool open();
  void finish(BatchJob& job);
  void note_return();
  void note_skips(const BatchJob& job);
  void note_times(const StageTimes& times);
  void more_work() { threads_.notify(*this); }
  int64_t samples_ahead() const;

  const std::shared_ptr<const data::Dataset> dataset_;
  const augment::PipelineSchedule pipelines_;
  const LoaderOptions options_;
  const int threads_count_;
  ChunkSource source_;
  const std::shared_ptr<BatchPool> pool_;  // batches that outlive the loader hold it too

  mutable std::mutex mutex_;
  std::condition_variable ready_;  // for next(): the front is ready, or the source has ended
  std::deque<Entry> entries_;      // in the order of the source
  size_t taking_ = 0;              // the first entry with samples that nobody has taken
  bool ended_ = false;             // the source has no more, or something failed
  std::exception_ptr source_error_;
  std::exception_ptr failure_;  // thrown by next() before
  std::atomic<bool> stop_{false};

  // How far ahead to work: two batches, and one more each time that next() found nothing ready
  // although the threads had stood idle at this limit.
  size_t depth_ = kFewestBatchesAhead;
  bool idled_ = false;
  int64_t held_ = 0;        // batches in the caller's hands
  size_t batch_bytes_ = 0;  // largest so far
  int64_t bytes_per_image_ = 0;

  std::unordered_set<int64_t> skipped_samples_;
  std::vector<SkippedSample> skipped_;
  double wait_s_ = 0;

  mutable std::mutex times_mutex_;  // apart from the queue's, which everyone waits for
  StageTimes times_;

  std::vector<SampleWorker> workers_;
  WorkerPool& threads_ = WorkerPool::of_process();
};

Loader::Impl::Impl(std::shared_ptr<const data::Dataset> dataset,
                   augment::PipelineSchedule pipelines, LoaderOptions options, BatchMemory& memory,
                   ChunkSource source)
    : dataset_(std::move(dataset)),
      pipelines_(std::move(pipelines)),
      options_(options),
      threads_count_(options.threads > 0 ? options.threads : usable_cpus()),
      source_(std::move(source)),
      pool_(std::make_shared<BatchPool>(memory)) {
  STOKER_CHECK(options.channels == 1 || options.channels == 3, "channels={}", options.channels);
  STOKER_CHECK(options.repeats >= 1 && options.repeats <= 256, "repeats={}", options.repeats);
  workers_.reserve(size_t(threads_count_));
  for (int i = 0; i < threads_count_; ++i) workers_.emplace_back(*dataset_, pipelines_, options_);
}

void Loader::Impl::stop() {
  stop_ = true;
  threads_.detach(*this);
}

bool Loader::Impl::work_once(int slot) noexcept {
  SampleWorker& worker = workers_[size_t(slot)];
  const std::optional<Run> run = take_run(worker.run_length());
  if (!run) return false;
  note_times(worker.load(*run->job, run->begin, run->end, stop_));
  if (run->job->complete(run->end - run->begin)) finish(*run->job);
  return true;
}

std::optional<Loader::Impl::Run> Loader::Impl::take_run(int64_t length) {
  const std::lock_guard lock(mutex_);
  if (stop_) return std::nullopt;
  if (taking_ == entries_.size() && !(may_open() && open())) return std::nullopt;
  Entry& entry = entries_[taking_];
  const int64_t count = entry.job->count();
  const int64_t share = ceil_div<int64_t>(count, threads_count_);
  const int64_t begin = entry.assigned;
  entry.assigned = std::min(count, begin + std::min(length, share));
  if (entry.assigned == count) ++taking_;
  return Run{entry.job.get(), begin, entry.assigned};
}

int64_t Loader::Impl::samples_ahead() const {
  int64_t samples = 0;
  for (const Entry& entry : entries_) samples += entry.job->count();
  return samples;
}

bool Loader::Impl::may_open() {
  if (ended_) return false;
  if (entries_.size() < kFewestBatchesAhead) return true;
  const size_t batches = entries_.size() + size_t(held_) + 1;
  if (batch_bytes_ == 0 || batches * batch_bytes_ > size_t(options_.prefetch_bytes)) return false;
  if (entries_.size() >= kMostBatchesAhead) return false;
  if (entries_.size() < depth_ || samples_ahead() < 4 * threads_count_) return true;
  idled_ = true;
  return false;
}

// Takes the next chunk of the source; false at its end.
bool Loader::Impl::open() {
  try {
    const std::optional<Chunk> chunk = source_();
    if (chunk) {
      entries_.push_back(
          {std::make_unique<BatchJob>(*pool_, *chunk, dataset_->size(), options_, bytes_per_image_,
                                      pipelines_.at(chunk->epoch).has_program())});
      more_work();
      return true;
    }
  } catch (...) {
    source_error_ = std::current_exception();  // rethrown by next()
  }
  ended_ = true;
  ready_.notify_all();
  return false;
}

void Loader::Impl::finish(BatchJob& job) {
  job.finish(*dataset_);
  {
    const std::lock_guard lock(mutex_);
    if (job.error()) {
      ended_ = true;
    } else {
      batch_bytes_ = std::max(batch_bytes_, job.pixels_bytes());
      bytes_per_image_ = std::max(bytes_per_image_,
                                  int64_t(job.pixels_bytes()) / std::max(job.count(), int64_t{1}));
    }
    std::ranges::find_if(entries_, [&job](const Entry& entry) {
      return entry.job.get() == &job;
    })->ready = true;
  }
  ready_.notify_one();
  more_work();  // the size of a batch may have become known
}

std::unique_ptr<Batch> Loader::Impl::next() {
  using Clock = std::chrono::steady_clock;
  std::unique_lock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  const auto done = [this] { return entries_.empty() ? ended_ : entries_.front().ready; };
  if (!done()) {
    if (std::exchange(idled_, false)) {
      depth_ = std::min(depth_ + 1, kMostBatchesAhead);
      more_work();
    }
    const auto start = Clock::now();
    ready_.wait(lock, done);
    wait_s_ += std::chrono::duration<double>(Clock::now() - start).count();
  }
  if (entries_.empty()) {
    failure_ = source_error_;
    if (failure_) std::rethrow_exception(failure_);
    return nullptr;
  }
  const std::unique_ptr<BatchJob> job = std::move(entries_.front().job);
  entries_.pop_front();
  --taking_;
  if (job->error()) {
    failure_ = job->error();
    stop_ = true;
    more_work();
    std::rethrow_exception(failure_);
  }
  note_skips(*job);
  ++held_;
  std::unique_ptr<Batch> batch = job->take_batch();
  batch->give_back = [pool = pool_, impl = weak_from_this(), given = batch.get()] {
    pool->recycle(*given);
    if (const auto loader = impl.lock()) loader->note_return();
  };
  more_work();
  return batch;
}

void Loader::Impl::note_return() {
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return;
    --held_;
  }
  more_work();
}

void Loader::Impl::note_skips(const BatchJob& job) {
  for (const BatchJob::Skip& skip : job.skips()) {
    const int64_t sample = job.sample(skip.slot);
    if (!skipped_samples_.insert(sample).second || skipped_.size() >= kListedSkips) continue;
    skipped_.push_back({dataset_->name(sample), skip.reason});
  }
}

void Loader::Impl::note_times(const StageTimes& times) {
  const std::lock_guard lock(times_mutex_);
  times_ += times;
}

Loader::Loader(std::shared_ptr<const data::Dataset> dataset, augment::PipelineSchedule pipelines,
               LoaderOptions options, BatchMemory& memory, ChunkSource source)
    : impl_(std::make_shared<Impl>(std::move(dataset), std::move(pipelines), options, memory,
                                   std::move(source))) {
  impl_->start();
}

Loader::~Loader() { impl_->stop(); }

std::unique_ptr<Batch> Loader::next() { return impl_->next(); }

std::vector<SkippedSample> Loader::skipped() const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->skipped_;
}

int64_t Loader::skipped_count() const {
  const std::lock_guard lock(impl_->mutex_);
  return int64_t(impl_->skipped_samples_.size());
}

double Loader::wait_s() const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->wait_s_;
}

StageTimes Loader::stage_times() const {
  const std::lock_guard lock(impl_->times_mutex_);
  return impl_->times_;
}

int Loader::threads() const { return impl_->threads_count_; }

}  // namespace stoker::loader
