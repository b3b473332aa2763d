#include "stoker/loader/sample_worker.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <new>
#include <string>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/kernels/region.h"
#include "stoker/kernels/run_program.h"

namespace stoker::loader {
namespace {

constexpr double kRunTargetSeconds = 250e-6;
constexpr double kLongestRun = 256;

std::string with_name(const std::string& name, const std::string& message) {
  const std::string as_shown = shown(name);
  return message.find(as_shown) == std::string::npos ? as_shown + ": " + message : message;
}

// The exception being handled, with the sample's name in its message and its type where it is one
// of ours.
std::exception_ptr named_error(const std::string& name) {
  try {
    throw;
  } catch (const DataError& error) {
    return std::make_exception_ptr(DataError(with_name(name, error.what())));
  } catch (const FileError& error) {
    return std::make_exception_ptr(FileError(with_name(name, error.what())));
  } catch (const OutOfMemory& error) {
    return std::make_exception_ptr(OutOfMemory(with_name(name, error.what())));
  } catch (const Error& error) {
    return std::make_exception_ptr(Error(error.exit_code(), with_name(name, error.what())));
  } catch (const std::bad_alloc&) {
    return std::make_exception_ptr(OutOfMemory(shown(name) + ": not enough memory to load it."));
  } catch (const std::exception& error) {
    return std::make_exception_ptr(InternalError(with_name(name, error.what())));
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace

SampleWorker::SampleWorker(const data::Dataset& dataset, const augment::PipelineSchedule& pipelines,
                           const LoaderOptions& options)
    : dataset_(dataset),
      pipelines_(pipelines),
      options_(options),
      // What is kept decoded is whole, so a set that keeps some images shrinks none.
      shrinks_(options.shrink_jpegs && dataset.kept_bytes_estimate() == 0),
      decoder_(options.limits) {}

SampleWorker::Drawn SampleWorker::draw(StreamKey key, int32_t width, int32_t height) {
  const augment::Pipeline& pipeline = pipelines_.at(key.epoch);
  const auto size = output_size(pipeline, width, height);
  STOKER_CHECK(size.width > 0 && size.height > 0, "output of {}x{} from an image of {}x{}",
               size.width, size.height, width, height);
  return {size, pipeline.recipe(key, width, height)};
}

// The crop is chosen from the header, so that no more than it needs is decoded.
kernels::ImageView SampleWorker::decode(const data::Record& record, StreamKey key, Drawn& drawn) {
  const std::string name = dataset_.name(int64_t(key.sample));
  const decode::ImageInfo info = decoder_.probe(record.encoded, name);
  drawn = draw(key, info.width, info.height);
  int shrink = 1;
  if (shrinks_) {
    shrink = decode::allowed_shrink(info, kernels::shrink_of(drawn.recipe.geometry));
    drawn.recipe.geometry = kernels::shrunk(drawn.recipe.geometry, shrink);
  }
  const kernels::Extent source{(info.width + shrink - 1) / shrink,
                               (info.height + shrink - 1) / shrink};
  const kernels::Region region =
      kernels::source_region(drawn.recipe.geometry, {drawn.size.width, drawn.size.height}, source);
  return decoder_.decode_region(record.encoded, name, region, shrink, decoded_);
}

augment::Pipeline::Size SampleWorker::output_size(const augment::Pipeline& pipeline, int32_t width,
                                                  int32_t height) {
  const augment::Pipeline::Size source{width, height};
  if (source != last_source_ || &pipeline != last_pipeline_) {
    last_output_ = pipeline.output_size(width, height);
    last_source_ = source;
    last_pipeline_ = &pipeline;
  }
  return last_output_;
}

// What ran on this thread since the last lap was this.
void SampleWorker::lap(StageClock::Lap lap) {
  constexpr std::array<trace::Stage, StageClock::kLaps> kStages{
      trace::Stage::kRead, trace::Stage::kDecode, trace::Stage::kAugment, trace::Stage::kCopy};
  clock_.lap(lap);
  laps_.end(kStages[lap]);
}

void SampleWorker::load_sample(BatchJob& job, int64_t slot, int64_t sample) {
  job.set_label(slot, sample, dataset_.label(sample));
  const StreamKey key{options_.seed, job.epoch(), uint64_t(sample), job.repetition(slot)};
  const data::Record record = dataset_.get(sample, scratch_);
  lap(StageClock::kRead);
  clock_.was_decoding(record.decode_ns);
  Drawn drawn;
  kernels::ImageView image = record.pixels;
  if (record.is_decoded()) {
    drawn = draw(key, image.width, image.height);
  } else {
    image = decode(record, key, drawn);
    lap(StageClock::kDecode);
  }
  if (options_.stage == Stage::kDecoded) {
    job.add_image(slot, drawn.size, image, drawn.recipe);
    dataset_.confirm(sample);
    lap(StageClock::kCopy);
    return;
  }
  const kernels::OutputView output = job.output(slot, drawn.size);
  if (output.pixels != nullptr)
    kernels::augment(image, drawn.recipe.geometry, drawn.recipe.program, pipelines_.normalization(),
                     output, slot);
  dataset_.confirm(sample);
  lap(StageClock::kAugment);
}

void SampleWorker::handle_error(BatchJob& job, int64_t slot, int64_t sample) const {
  std::string name;
  try {
    name = dataset_.name(sample);
  } catch (const std::exception&) {
    name = fmt::format("sample {}", sample);
  }
  std::exception_ptr error = named_error(name);
  if (options_.on_error == data::OnError::kFail) return job.fail(slot, error);
  try {
    std::rethrow_exception(error);
  } catch (const DataError& unreadable) {
    job.skip(slot, unreadable.what());
  } catch (const FileError& unreadable) {
    job.skip(slot, unreadable.what());
  } catch (...) {
    job.fail(slot, std::current_exception());  // rethrown by Loader::next()
  }
}

void SampleWorker::load_run(BatchJob& job, int64_t begin, int64_t end,
                            const std::atomic<bool>& stop) {
  for (int64_t slot = begin; slot < end; ++slot) {
    if (stop.load(std::memory_order_relaxed) || slot > job.failed_slot()) return;
    const int64_t sample = job.sample(slot);
    clock_.start_sample();
    laps_.start();
    try {
      load_sample(job, slot, sample);
    } catch (...) {
      handle_error(job, slot, sample);  // rethrown by Loader::next(), or counted as skipped
    }
  }
}

StageTimes SampleWorker::load(BatchJob& job, int64_t begin, int64_t end,
                              const std::atomic<bool>& stop) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  load_run(job, begin, end, stop);
  const double took_s = std::chrono::duration<double>(Clock::now() - start).count();
  const double each_s = std::max(took_s / double(end - begin), 1e-9);
  sample_s_ = sample_s_ == 0 ? each_s : 0.75 * sample_s_ + 0.25 * each_s;
  run_length_ = int64_t(std::clamp(kRunTargetSeconds / sample_s_, 1.0, kLongestRun));
  return clock_.end_run(end - begin, took_s);
}

}  // namespace stoker::loader
