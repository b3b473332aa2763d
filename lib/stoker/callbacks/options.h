// What a config says under `log:`.
#pragma once

#include <cstdint>
#include <optional>

#include "stoker/config/fields.h"

namespace stoker::callbacks {

struct LogOptions {
  int64_t every_steps = 20;
  bool progress = true;  // a bar where stderr is a terminal
  bool csv = true;
  bool tensorboard = true;
  std::optional<double> images;      // epochs between pictures of a batch
  std::optional<double> histograms;  // epochs between those of weights and gradients
};
inline void describe(LogOptions& o, config::Fields& fields) {
  fields("every_steps", o.every_steps, "optimizer steps between log lines").positive();
  fields("progress", o.progress, "a progress bar when stderr is a terminal");
  fields("csv", o.csv, "write metrics.csv beside metrics.jsonl");
  fields("tensorboard", o.tensorboard, "write the scalars as TensorBoard events too");
  fields(
      "images", o.images,
      "epochs between pictures of a batch for TensorBoard, as the network sees it; fractions are "
      "allowed")
      .positive()
      .unset_as("none");
  fields(
      "histograms", o.histograms,
      "epochs between histograms of weights and gradients for TensorBoard; fractions are allowed")
      .positive()
      .unset_as("none");
}

}  // namespace stoker::callbacks
