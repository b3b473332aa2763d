// What a config says under `log:`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stoker/config/fields.h"

namespace stoker::callbacks {

struct LogOptions {
  int64_t every_steps = 20;
  bool progress = true;  // a bar where stderr is a terminal
  bool csv = true;
  bool tensorboard = true;
  bool evaluation = true;            // evaluation.json and batch.jpg
  bool report = false;               // report.html at the end
  std::string mlflow;                // a folder of MLflow's; empty: none
  std::optional<double> images;      // epochs between pictures of a batch
  std::optional<double> histograms;  // epochs between those of weights and gradients
};
inline void describe(LogOptions& o, config::Fields& fields) {
  fields("every_steps", o.every_steps, "optimizer steps between log lines").positive();
  fields("progress", o.progress, "a progress bar when stderr is a terminal");
  fields("csv", o.csv, "write metrics.csv beside metrics.jsonl");
  fields("tensorboard", o.tensorboard, "write the scalars as TensorBoard events too");
  fields("evaluation", o.evaluation,
         "write what the newest evaluation says of classes and images, with the pictures that the "
         "network is most wrong about, to evaluation.json, and the first batch to batch.jpg");
  fields("report", o.report, "write the run's report, report.html, at its end");
  fields("mlflow", o.mlflow,
         "a folder of MLflow's (mlruns) that parameters and metrics are written to as well; it is "
         "made where it is missing");
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
