#include "stoker/train/inference.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

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
  const auto loss = losses::losses().build(options.loss, {});
  Feed feed(ordered, options.device, options.precision,
            sequential_chunks(samples, options.batch_size, views));
  const ops::DeviceWork work{
      .doing = fmt::format("{} with batches of {} images", options.doing, options.batch_size),
      .device = options.device,
      .remedy = "Set eval.batch_size to a smaller number; the results stay the same."};
  ops::on_device(work, [&] {
    while (auto batch = feed.next()) {
      if (interrupt_signal() != 0)
        throw Interrupted(fmt::format("{} was interrupted", options.doing));
      if (batch->labels.size(0) == 0) continue;  // every sample was skipped as unreadable
      at::Tensor logits;
      {
        const Autocast autocast(options.device.type(), options.precision);
        logits = model.forward(batch->images);
      }
      use(average_views(logits, *batch, views, *loss));
    }
  });
  return unreadable_of(feed.loader());
}

}  // namespace stoker::train
