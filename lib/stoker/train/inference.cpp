#include "stoker/train/inference.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <vector>

#include "stoker/core/ceil_div.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/models/eval_mode.h"
#include "stoker/ops/device_errors.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/train/autocast.h"
#include "stoker/train/plan.h"

namespace stoker::train {

namespace {

// Passes over a batch as a whole, or in parts of the size that memory has allowed so far.
class DividedPass {
 public:
  DividedPass(models::Model& model, const InferenceOptions& options, const ops::DeviceWork& work)
      : model_(model), options_(options), work_(work) {}

  at::Tensor operator()(const at::Tensor& images) {
    if (!options_.divides_batches) return forward(images);
    std::vector<at::Tensor> parts;
    for (int64_t first = 0, of = images.size(0); first < of;) {
      const int64_t count = std::min(largest_, of - first);
      try {
        parts.push_back(
            ops::on_device(work_, [&] { return forward(images.narrow(0, first, count)); }));
        first += count;
        continue;
      } catch (const OutOfMemory& error) {
        if (count == 1) throw;
        largest_ = (count + 1) / 2;
        log().warn("{} with batches of {} images does not fit: {} It goes on with {} at a time.",
                   options_.doing, count, ops::memory_facts(error), largest_);
      }
      ops::return_cached(options_.device);
    }
    return parts.size() == 1 ? parts.front() : at::cat(parts);
  }

 private:
  at::Tensor forward(const at::Tensor& images) {
    const Autocast autocast(options_.device.type(), options_.precision);
    return model_.forward(images);
  }

  models::Model& model_;
  const InferenceOptions& options_;
  const ops::DeviceWork& work_;
  int64_t largest_ = std::numeric_limits<int64_t>::max();
};

}  // namespace

Unreadable infer(models::Model& model, const Source& source, const InferenceOptions& options,
                 const std::function<void(const AveragedViews&)>& use) {
  const models::EvalMode eval_mode(model);
  const at::NoGradGuard no_grad;
  int64_t samples = source.dataset->size();
  if (options.max_images > 0) samples = std::min(samples, options.max_images);
  Source ordered = source;
  ordered.loader.shuffle = false;
  const int64_t views = source.loader.repeats;
  const RankShare share{.ranks = options.group->size(), .rank = options.group->rank()};
  const auto loss = losses::losses().build(options.loss, {});
  Feed feed(ordered, options.device, options.precision,
            sequential_chunks(samples, options.batch_size, views, share));
  const ops::DeviceWork work{
      .doing = fmt::format("{} with batches of {} images", options.doing, options.batch_size),
      .device = options.device,
      .remedy = "Set eval.batch_size to a smaller number; the results stay the same."};
  DividedPass forward(model, options, work);
  const int64_t samples_a_batch =
      std::clamp<int64_t>(options.batch_size / views, 1, std::max<int64_t>(samples, 1));
  const int64_t own = share.of(samples, samples_a_batch);
  int64_t done = 0, seen = 0;
  const auto pass_over_own = [&] {
    while (auto batch = feed.next()) {
      if (interrupt_signal() != 0)
        throw Interrupted(fmt::format("{} was interrupted", options.doing));
      const bool is_empty = batch->labels.size(0) == 0;  // every sample was skipped as unreadable
      if (!is_empty) {
        const AveragedViews averaged = average_views(forward(batch->images), *batch, views, *loss);
        seen += std::ssize(averaged.samples);
        use(averaged);
      }
      done = std::min(own, done + samples_a_batch);
      if (options.on_progress) options.on_progress(done, own);
    }
  };
  std::exception_ptr failure;
  model.gate().begin_passes();
  try {
    ops::on_device(work, pass_over_own);
  } catch (const OutOfMemory&) {
    failure = std::current_exception();
  } catch (const Interrupted&) {
    failure = std::current_exception();
  }
  const int64_t batches = ceil_div(samples, samples_a_batch);
  ops::on_device(work, [&] { model.gate().catch_up(ceil_div(batches, share.ranks)); });
  if (failure) std::rethrow_exception(failure);
  Unreadable unreadable = unreadable_of(feed.loader());
  STOKER_CHECK(seen + unreadable.count >= own, "{} saw {} of {} images, {} unreadable ones aside",
               options.doing, seen, own, unreadable.count);
  return unreadable;
}

}  // namespace stoker::train
