#include "stoker/train/inference.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <exception>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/models/eval_mode.h"
#include "stoker/ops/device_errors.h"
#include "stoker/train/autocast.h"
#include "stoker/train/plan.h"

namespace stoker::train {

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
  const auto forward = [&](const at::Tensor& images) {
    const Autocast autocast(options.device.type(), options.precision);
    return model.forward(images);
  };
  const int64_t samples_a_batch = std::max<int64_t>(options.batch_size / views, 1);
  const int64_t own = share.of(samples, samples_a_batch);
  int64_t done = 0;
  const auto pass_over_own = [&] {
    while (auto batch = feed.next()) {
      if (interrupt_signal() != 0)
        throw Interrupted(fmt::format("{} was interrupted", options.doing));
      const bool is_empty = batch->labels.size(0) == 0;  // every sample was skipped as unreadable
      if (!is_empty) use(average_views(forward(batch->images), *batch, views, *loss));
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
  const int64_t batches = (samples + samples_a_batch - 1) / samples_a_batch;
  ops::on_device(work, [&] { model.gate().catch_up((batches + share.ranks - 1) / share.ranks); });
  if (failure) std::rethrow_exception(failure);
  return unreadable_of(feed.loader());
}

}  // namespace stoker::train
