#include "stoker/train/checkpoint_writer.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/core/trace.h"

namespace stoker::train {

namespace {

// The training's threads go first; the disk is what a save waits for anyway.
void yield_to_training() {
  constexpr int kNiceness = 5;
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNiceness);
}

}  // namespace

CheckpointWriter::CheckpointWriter(CheckpointStore& store, CheckpointStore::Keep keep,
                                   std::vector<std::filesystem::path> logs)
    : store_(store), keep_(std::move(keep)), logs_(std::move(logs)) {}

CheckpointWriter::~CheckpointWriter() {
  const std::optional<Result> result = wait();
  if (!result || !result->error) return;
  try {
    std::rethrow_exception(result->error);
  } catch (const std::exception& error) {
    log().warn("a checkpoint was not written: {}", error.what());
  }
}

void CheckpointWriter::start(int64_t step, CheckpointContent content) {
  STOKER_CHECK(!save_.valid(), "the save before step {} has not been taken notice of", step);
  {
    const trace::Span span(trace::Stage::kSnapshot);
    image_.fill(std::move(content));
  }
  save_ = std::async(std::launch::async, [this, step] {
    const trace::Span span(trace::Stage::kCheckpoint);
    yield_to_training();
    return store_.save(step, image_, keep_, logs_);
  });
}

std::optional<CheckpointWriter::Result> CheckpointWriter::poll() {
  if (!save_.valid() || save_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    return std::nullopt;
  }
  return wait();
}

std::optional<CheckpointWriter::Result> CheckpointWriter::wait() {
  if (!save_.valid()) return std::nullopt;
  try {
    return Result{save_.get(), nullptr};
  } catch (const std::exception&) {
    return Result{{}, std::current_exception()};
  }
}

}  // namespace stoker::train
