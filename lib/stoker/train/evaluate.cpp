#include "stoker/train/evaluate.h"

#include <ATen/ops/zeros.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/metrics/multilabel.h"
#include "stoker/ops/device_errors.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/train/targets.h"

namespace stoker::train {

namespace {

// Of this rank's share.
struct Measured {
  metrics::ClassificationSums sums;
  std::optional<metrics::MultilabelScores> scores;  // in place of the sums
  std::vector<metrics::Guess> guesses;
  Unreadable unreadable;
};

// Where images may have several labels.
Measured measure_several(models::Model& model, const Source& source,
                         const InferenceOptions& options) {
  metrics::MultilabelMetrics metrics(std::ssize(source.dataset->class_names()));
  const auto loss = losses::losses().build(options.loss, {});
  Unreadable unreadable = infer(model, source, options, [&](const AveragedViews& batch) {
    const at::Tensor targets = label_targets(*source.dataset, batch.samples, batch.logits.device());
    metrics.add(batch.logits, targets,
                loss->per_sample(batch.logits, targets, /*label_smoothing=*/0));
  });
  Measured measured{.scores = metrics.scores(), .unreadable = std::move(unreadable)};
  measured.sums.images = measured.scores->logits.size(0);
  return measured;
}

Measured measure(models::Model& model, const Source& source, const InferenceOptions& options) {
  if (source.dataset->is_multilabel()) return measure_several(model, source, options);
  metrics::ClassificationMetrics metrics(
      static_cast<int64_t>(source.dataset->class_names().size()));
  const auto loss = losses::losses().build(options.loss, {});
  metrics::Guesses guesses;
  Unreadable unreadable = infer(model, source, options, [&](const AveragedViews& batch) {
    const at::Tensor losses = loss->per_sample(batch.logits, batch.labels, /*label_smoothing=*/0);
    const at::Tensor probabilities = loss->probabilities(batch.logits.to(at::kDouble));
    metrics.add(batch.logits, batch.labels, losses, probabilities);
    if (options.keeps_guesses)
      guesses.add(batch.samples, batch.logits, batch.labels, losses, probabilities);
  });
  return {.sums = metrics.sums(), .guesses = guesses.list(), .unreadable = std::move(unreadable)};
}

// What became of the ranks' shares. All ranks see the same, so that they go on alike.
struct Outcome {
  int64_t out_of_memory = 0, interrupted = 0;  // ranks
  int64_t which = 0;                           // ran out of memory, where it is one
  int64_t images = 0, unreadable = 0;
};

Outcome agree(dist::Group& group, const Outcome& own) {
  std::array<int64_t, 5> sums{own.out_of_memory, own.interrupted, own.which, own.images,
                              own.unreadable};
  group.sum(std::span<int64_t>(sums));
  return {sums[0], sums[1], sums[2], sums[3], sums[4]};
}

// Rows of all ranks in their order, which is that of the data set.
at::Tensor join_rows(dist::Group& group, const at::Tensor& own) {
  const at::Tensor rows = own.contiguous();
  const std::string bytes(static_cast<const char*>(rows.const_data_ptr()), rows.nbytes());
  std::string all;
  for (const std::string& ranks : group.gather(bytes)) all += ranks;
  std::vector<int64_t> shape = rows.sizes().vec();
  const int64_t width = rows.dim() == 1 ? 1 : shape[1];
  shape[0] = std::ssize(all) / (width * rows.element_size());
  const at::Tensor joined = at::zeros(shape, rows.options());
  std::memcpy(joined.mutable_data_ptr(), all.data(), all.size());
  return joined;
}

metrics::MultilabelScores join(dist::Group& group, metrics::MultilabelScores own) {
  if (group.is_alone()) return own;
  return {join_rows(group, own.logits), join_rows(group, own.targets),
          join_rows(group, own.losses)};
}

metrics::ClassificationSums join(dist::Group& group, metrics::ClassificationSums own) {
  if (group.is_alone()) return own;
  own.batches = join_rows(group, own.batches);
  group.sum(own.counts);
  if (own.confusion.numel() > 0) group.sum(own.confusion);
  return own;
}

// Of all ranks, on the first.
std::vector<metrics::Guess> join(dist::Group& group, std::vector<metrics::Guess> own) {
  if (group.is_alone()) return own;
  static_assert(std::is_trivially_copyable_v<metrics::Guess>);
  const std::string bytes(reinterpret_cast<const char*>(own.data()),
                          own.size() * sizeof(metrics::Guess));
  std::string all;
  for (const std::string& ranks : group.collect(bytes)) all += ranks;
  own.resize(all.size() / sizeof(metrics::Guess));
  std::memcpy(own.data(), all.data(), own.size() * sizeof(metrics::Guess));
  return own;
}

// Throws OutOfMemory or Interrupted on all ranks where one of them has to.
Evaluation evaluate_once(models::Model& model, const Source& source,
                         const InferenceOptions& options) {
  dist::Group& group = *options.group;
  Measured own;
  Outcome outcome;
  std::exception_ptr failure;
  try {
    own = measure(model, source, options);
    outcome.images = own.sums.images;
    outcome.unreadable = own.unreadable.count;
  } catch (const OutOfMemory&) {
    if (options.stage != nullptr) throw;  // others wait within their passes
    failure = std::current_exception();
    outcome.out_of_memory = 1;
    outcome.which = group.rank();
  } catch (const Interrupted&) {
    failure = std::current_exception();
    outcome.interrupted = 1;
  }
  const Outcome all = agree(group, outcome);
  if (failure) std::rethrow_exception(failure);
  if (all.out_of_memory > 0)
    throw OutOfMemory(fmt::format(
        "{} ran out of memory.",
        all.out_of_memory == 1 ? group.name(all.which)
                               : fmt::format("{} of {} ranks", all.out_of_memory, group.size())));
  if (all.interrupted > 0) throw Interrupted("evaluation was interrupted on another rank");
  if (all.images == 0 && all.unreadable == 0) throw DataError("there are no images to evaluate on");
  if (all.images == 0) {
    throw DataError(
        fmt::format("not one of the {} images to evaluate on could be read{}", all.unreadable,
                    own.unreadable.count > 0 ? ": " + own.unreadable.first.front().reason : ""));
  }
  if (own.scores)
    return {.metrics = metrics::result_of(join(group, *std::move(own.scores)), options.threshold),
            .unreadable = std::move(own.unreadable),
            .batch_size = options.batch_size};
  own.sums.images = all.images;
  return {
      metrics::result_of(join(group, std::move(own.sums))), std::move(own.unreadable),
      options.keeps_guesses ? join(group, std::move(own.guesses)) : std::vector<metrics::Guess>(),
      options.batch_size};
}

}  // namespace

Evaluation evaluate(models::Model& model, const Source& source, const InferenceOptions& options) {
  const ops::DeviceWork work{
      .doing = std::string(options.doing),
      .device = options.device,
      .remedy = "Set eval.batch_size to a smaller number; the results stay the same."};
  const int64_t views = source.loader.repeats;
  InferenceOptions present = options;
  for (;;) {
    try {
      return ops::on_device(work, [&] { return evaluate_once(model, source, present); });
    } catch (const OutOfMemory& error) {
      const int64_t most = std::min(present.batch_size, source.dataset->size() * views);
      if (!options.may_shrink || most <= views) throw;
      present.batch_size = std::max((most + 1) / 2, views);
      log().warn(
          "{} with batches of {} images does not fit: {} It begins again with batches of {}.",
          options.doing, most, ops::memory_facts(error), present.batch_size);
    }
    ops::return_cached(options.device);
  }
}

}  // namespace stoker::train
