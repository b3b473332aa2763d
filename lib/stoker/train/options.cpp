#include "stoker/train/options.h"

#include <array>
#include <charconv>

#include "stoker/augment/pipeline.h"
#include "stoker/core/error.h"
#include "stoker/train/metric_names.h"

namespace stoker::train {

std::span<const std::string_view> enum_names(Precision) {
  static constexpr std::array<std::string_view, 5> names{"auto", "fp32", "tf32", "bf16", "fp16"};
  return names;
}

std::string to_string(Precision precision) {
  return std::string(enum_names(precision)[static_cast<size_t>(precision)]);
}

int64_t bytes_per_value(Precision precision) {
  return precision == Precision::kBf16 || precision == Precision::kFp16 ? 2 : 4;
}

std::span<const std::string_view> enum_names(BatchNormMode) {
  static constexpr std::array<std::string_view, 3> names{"local", "sync", "ghost"};
  return names;
}

std::span<const std::string_view> enum_names(MonitorMode) {
  static constexpr std::array<std::string_view, 3> names{"auto", "min", "max"};
  return names;
}

void describe(EarlyStoppingOptions& o, config::Fields& fields) {
  fields("patience", o.patience,
         "stop after so many evaluations in a row that were no better, by checkpoint.monitor")
      .positive()
      .unset_as("none");
  fields("min_delta", o.min_delta, "what an evaluation must be better by to count as better")
      .at_least(0);
}

void describe(TrainOptions& o, config::Fields& fields) {
  fields("epochs", o.epochs, "passes over the training set; fractions are allowed").positive();
  fields("batch_size", o.batch_size,
         "effective batch: samples per optimizer step, over all devices; auto: the smallest whose "
         "images/s are near the best, but no less than tune.base_batch_size, found at the start of "
         "the run; the learning rate follows by tune.lr_rule")
      .positive()
      .unset_as("auto")
      .fixed_on_resume("it decides which samples make up a step");
  fields("microbatch", o.microbatch,
         "samples one device holds at a time; gradients accumulate to the effective batch; 0: the "
         "batch as a whole; auto: the smallest of those that fit whose images/s are near the best, "
         "found at the start of the run")
      .at_least(0)
      .unset_as("auto");
  fields("precision", o.precision,
         "arithmetic of the forward and backward pass; weights stay in fp32; auto: what is fastest "
         "on the device");
  fields("channels_last", o.channels_last, "keep images and filters in NHWC order");
  fields("batch_norm", o.batch_norm,
         "what batch norms take their statistics of: local, a micro-batch of one device; sync, the "
         "micro-batches of all devices together; ghost, train.ghost_batch_size images of a "
         "micro-batch at a time");
  fields("ghost_batch_size", o.ghost_batch_size,
         "images that train.batch_norm: ghost normalizes together")
      .at_least(2);
  fields("loss", o.loss, losses::losses(), "what training minimises");
  fields("label_smoothing", o.label_smoothing, "share of the target spread over all classes")
      .in(0, 1);
  fields("class_weights", o.class_weights,
         "what each class counts in the loss, in the order of the classes; []: all count alike")
      .positive()
      .at_most(1e9);
  fields("positive_weights", o.positive_weights,
         "with task: multilabel, what each class counts where it is present, in the order of the "
         "classes; []: 1")
      .positive()
      .at_most(1e9);
  fields(
      "balanced_loss", o.balanced_loss,
      "let all classes count alike however many images they have: a class of n_c images of n in k "
      "classes gets the weight n / (k n_c); with task: multilabel the positive weight (n - n_c) / "
      "n_c");
  fields(
      "repeated_augmentation", o.repeated_augmentation,
      "times that an image comes in a row, augmented again each time; an epoch is as long as ever "
      "and holds so many times fewer images")
      .at_least(1)
      .at_most(256)
      .fixed_on_resume("which images the steps to come take depends on it");
  fields("clip_grad_norm", o.clip.norm, "largest norm of the gradient; longer ones are scaled")
      .positive()
      .unset_as("none");
  fields("clip_grad_value", o.clip.value, "largest value of the gradient, of either sign")
      .positive()
      .unset_as("none");
  fields("clip_adaptive", o.clip.adaptive,
         "adaptive gradient clipping (Brock et al. 2021): by the weights of each unit");
  fields("max_nonfinite_steps", o.max_nonfinite_steps,
         "steps in a row with a loss that is not finite before the run stops")
      .at_least(1);
  fields("max_steps", o.max_steps, "stop after this many optimizer steps of the run")
      .positive()
      .unset_as("none");
  fields("stop_after_epochs", o.stop_after_epochs,
         "stop when so many epochs are complete, with the schedule laid over all of `epochs`; a "
         "resume with a higher value, or none, goes on")
      .positive()
      .unset_as("none");
  fields("early_stopping", o.early_stopping, "ends a run that has stopped getting better");
  fields("max_time", o.max_time, "stop after this much training time (90s, 30m, 2h); empty: none");
  fields("max_energy_kwh", o.max_energy_kwh,
         "stop at the first log line where the run has taken so much energy (monitor)")
      .positive()
      .unset_as("none");
  fields("max_cost", o.max_cost,
         "stop at the first log line where that energy costs so much, at monitor.price_per_kwh")
      .positive()
      .unset_as("none");
}

void describe(EvalOptions& o, config::Fields& fields) {
  fields("every_epochs", o.every_epochs, "epochs between evaluations; 0: only at the end")
      .at_least(0);
  fields("batch_size", o.batch_size, "samples per evaluation batch").positive();
  fields("threshold", o.threshold,
         "with task: multilabel, the probability from which a label counts as predicted")
      .in(0, 1);
  fields("augment", o.augment, augment::augmentations(),
         "steps for evaluation; empty: those of `augment` without their randomness");
  fields("average", o.average,
         "of `stoker eval` and `predict`: the average of this decay instead of the checkpoint's "
         "model, one of algorithms.ema.more_decays")
      .in(0, 1)
      .unset_as("none");
  fields("tta", o.tta, "test-time augmentation: predictions are averaged over views of an image");
}

void describe(CheckpointOptions& o, config::Fields& fields) {
  fields("every_epochs", o.every_epochs, "epochs between checkpoints; 0: none by epochs")
      .at_least(0);
  fields("every_steps", o.every_steps, "optimizer steps between checkpoints, besides those")
      .positive()
      .unset_as("none");
  fields("every_minutes", o.every_minutes, "minutes of the clock since the newest, besides those")
      .positive()
      .unset_as("none");
  fields("keep_last", o.keep_last, "newest checkpoints to keep").at_least(1);
  fields("keep_best", o.keep_best, "best checkpoints to keep, by `monitor`").at_least(0);
  fields("monitor", o.monitor,
         "metric that decides what is best; an evaluation that beats all before it is saved")
      .one_of(metric_names());
  fields("mode", o.mode, "whether a lower or a higher `monitor` is better; auto: its nature says");
}

double parse_duration_s(std::string_view text, std::string_view key) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, text.data() + text.size() - end);
  double factor = 0;
  if (unit.empty() || unit == "s") factor = 1;
  if (unit == "m") factor = 60;
  if (unit == "h") factor = 3600;
  if (unit == "d") factor = 86400;
  if (error != std::errc{} || factor == 0 || !(value > 0)) {
    throw ConfigError(fmt::format(
        "{}: read \"{}\", expected a positive duration such as 90s, 30m, 2h or 1.5d", key, text));
  }
  return value * factor;
}

}  // namespace stoker::train
