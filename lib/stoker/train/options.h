// What a config says under `train:`, `eval:` and `checkpoint:`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/augment/views.h"
#include "stoker/config/choice.h"
#include "stoker/losses/loss.h"
#include "stoker/optim/clip.h"

namespace stoker::train {

// auto is what is fastest on the device; it is made one of the others before anything is built
// (run/precision.h).
enum class Precision { kAuto, kFp32, kTf32, kBf16, kFp16 };
std::span<const std::string_view> enum_names(Precision);  // auto, fp32, tf32, bf16, fp16
std::string to_string(Precision precision);
// Of the forward pass' activations: 2 or 4.
int64_t bytes_per_value(Precision precision);

struct EarlyStoppingOptions {
  std::optional<int64_t> patience;  // evaluations
  double min_delta = 0;
};
void describe(EarlyStoppingOptions& options, config::Fields& fields);

// What batch norms take their statistics of: a micro-batch of one rank; those of all ranks at the
// same time; or parts of a micro-batch.
enum class BatchNormMode { kLocal, kSync, kGhost };
std::span<const std::string_view> enum_names(BatchNormMode);  // local, sync, ghost

struct TrainOptions {
  double epochs = 10;
  // None: the one that is found at the start of the run (autotune/start.h).
  std::optional<int64_t> batch_size = 256;
  // 0: as large as the batch; none: what is found at the start of the run (autotune/start.h).
  std::optional<int64_t> microbatch = 0;
  Precision precision = Precision::kAuto;
  bool channels_last = true;
  BatchNormMode batch_norm = BatchNormMode::kLocal;
  int64_t ghost_batch_size = 32;
  config::Choice loss = losses::losses().pick("cross_entropy");
  double label_smoothing = 0;
  std::vector<double> class_weights;     // in the order of the classes; empty: all count 1
  std::vector<double> positive_weights;  // likewise
  bool balanced_loss = false;
  int64_t repeated_augmentation = 1;
  optim::ClipOptions clip;
  int64_t max_nonfinite_steps = 3;
  std::optional<int64_t> max_steps;
  std::optional<double> stop_after_epochs;
  EarlyStoppingOptions early_stopping;
  std::string max_time;  // "90s", "30m", "2h"; empty: no limit
  std::optional<double> max_energy_kwh;
  std::optional<double> max_cost;  // in the currency of monitor.price_per_kwh
};
void describe(TrainOptions& options, config::Fields& fields);

struct EvalOptions {
  double every_epochs = 1;
  int64_t batch_size = 1000;
  double threshold = 0.5;
  std::vector<config::Choice> augment;  // empty: derived from the training list
  augment::ViewOptions tta;
  std::optional<double> average;  // its decay; none: the model of the checkpoint
};
void describe(EvalOptions& options, config::Fields& fields);

// How to read `monitor`: auto knows which of its metrics are better lower.
enum class MonitorMode { kAuto, kMin, kMax };
std::span<const std::string_view> enum_names(MonitorMode);  // auto, min, max

struct CheckpointOptions {
  double every_epochs = 1;
  std::optional<int64_t> every_steps;
  std::optional<double> every_minutes;
  int64_t keep_last = 2;
  int64_t keep_best = 1;
  std::string monitor = "val.top1";
  MonitorMode mode = MonitorMode::kAuto;
};
void describe(CheckpointOptions& options, config::Fields& fields);

// Seconds in "90s", "30m", "2h", "1.5d" or a bare number of seconds. Throws ConfigError naming
// `key`.
double parse_duration_s(std::string_view text, std::string_view key);

}  // namespace stoker::train
