#include "stoker/train/inference.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <utility>
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
#include "stoker/train/stage_inference.h"

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
    return options_.stage != nullptr ? options_.stage->run(images) : model_.forward(images);
  }

  models::Model& model_;
  const InferenceOptions& options_;
  const ops::DeviceWork& work_;
  int64_t largest_ = std::numeric_limits<int64_t>::max();
};

class Inference {
 public:
  using Use = std::function<void(const AveragedViews&)>;

  Inference(models::Model& model, const Source& source, const InferenceOptions& options,
            const Use& use)
      : model_(model),
        options_(options),
        use_(use),
        views_(source.loader.repeats),
        samples_(options.max_images > 0 ? std::min(source.dataset->size(), options.max_images)
                                        : source.dataset->size()),
        samples_a_batch_(
            std::clamp<int64_t>(options.batch_size / views_, 1, std::max<int64_t>(samples_, 1))),
        share_(share_of(options)),
        own_(share_.of(samples_, samples_a_batch_)),
        loss_(losses::losses().build(options.loss, {})),
        work_{
            .doing = fmt::format("{} with batches of {} images", options.doing, options.batch_size),
            .device = options.device,
            .remedy = "Set eval.batch_size to a smaller number; the results stay the same."},
        forward_(model, options, work_) {}

  Unreadable run(const Source& source) {
    if (options_.stage != nullptr && !options_.stage->is_first()) {
      ops::on_device(
          work_, [&] { relay(*options_.stage, [&](const at::Tensor& x) { return forward_(x); }); });
      return {};
    }
    Source ordered = source;
    ordered.loader.shuffle = false;
    Feed feed(ordered, options_.device, options_.precision,
              sequential_chunks(samples_, options_.batch_size, views_, share_));
    if (options_.stage != nullptr) {
      ops::on_device(work_, [&] { pass_through_stages(feed); });
    } else {
      pass_over_all_blocks(feed);
    }
    Unreadable unreadable = unreadable_of(feed.loader());
    STOKER_CHECK(seen_ + unreadable.count >= own_,
                 "{} saw {} of {} images, {} unreadable ones aside", options_.doing, seen_, own_,
                 unreadable.count);
    return unreadable;
  }

 private:
  static RankShare share_of(const InferenceOptions& options) {
    const dist::Group& sharing =
        options.stage != nullptr ? options.stage->replicas() : *options.group;
    return {.ranks = sharing.size(), .rank = sharing.rank()};
  }

  void take(const at::Tensor& logits, const ops::TensorBatch& batch) {
    const AveragedViews averaged = average_views(logits, batch, views_, *loss_);
    seen_ += std::ssize(averaged.samples);
    use_(averaged);
  }
  void note_done() {
    done_ = std::min(own_, done_ + samples_a_batch_);
    if (options_.on_progress) options_.on_progress(done_, own_);
  }
  Interrupted interrupted() const {
    return Interrupted(fmt::format("{} was interrupted", options_.doing));
  }

  void pass_over_own(Feed& feed) {
    while (auto batch = feed.next()) {
      if (interrupt_signal() != 0) throw interrupted();
      const bool is_empty = batch->labels.size(0) == 0;  // every sample was skipped as unreadable
      if (!is_empty) take(forward_(batch->images), *batch);
      note_done();
    }
  }

  // Ranks whose blocks are divided make as many passes as the one with most.
  void pass_over_all_blocks(Feed& feed) {
    std::exception_ptr failure;
    model_.gate().begin_passes();
    try {
      ops::on_device(work_, [&] { pass_over_own(feed); });
    } catch (const OutOfMemory&) {
      failure = std::current_exception();
    } catch (const Interrupted&) {
      failure = std::current_exception();
    }
    const int64_t batches = ceil_div(samples_, samples_a_batch_);
    ops::on_device(work_, [&] { model_.gate().catch_up(ceil_div(batches, share_.ranks)); });
    if (failure) std::rethrow_exception(failure);
  }

  // Batches ahead of their logits, so that all stages have work.
  void pass_through_stages(Feed& feed) {
    StagedForward staged(*options_.stage, [&](const at::Tensor& x) { return forward_(x); });
    std::deque<ops::TensorBatch> ahead;
    const auto take_oldest = [&] {
      take(staged.logits(), ahead.front());
      ahead.pop_front();
    };
    bool is_interrupted = false;
    while (auto batch = feed.next()) {
      is_interrupted = interrupt_signal() != 0;
      if (is_interrupted) break;
      if (batch->labels.size(0) > 0) {
        if (staged.is_full()) take_oldest();
        staged.begin(batch->images);
        batch->images.reset();  // of batches ahead labels and samples are enough
        ahead.push_back(*std::move(batch));
      }
      note_done();
    }
    staged.end();
    while (!ahead.empty()) take_oldest();
    options_.stage->down().finish();
    if (is_interrupted) throw interrupted();
  }

  models::Model& model_;
  const InferenceOptions& options_;
  const Use& use_;
  int64_t views_, samples_, samples_a_batch_;
  RankShare share_;
  int64_t own_, done_ = 0, seen_ = 0;  // samples of this rank
  std::shared_ptr<const losses::Loss> loss_;
  ops::DeviceWork work_;
  DividedPass forward_;
};

}  // namespace

Unreadable infer(models::Model& model, const Source& source, const InferenceOptions& options,
                 const std::function<void(const AveragedViews&)>& use) {
  const models::EvalMode eval_mode(model);
  const at::NoGradGuard no_grad;
  return Inference(model, source, options, use).run(source);
}

}  // namespace stoker::train
