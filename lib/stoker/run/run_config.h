// All rooms' options put together: what a YAML file for stoker says.
//
//   auto loaded = load_run_config("configs/cifar10.yaml", overrides);
//   loaded.options.train.epochs
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/augment/progressive_resizing.h"
#include "stoker/callbacks/monitor_options.h"
#include "stoker/callbacks/options.h"
#include "stoker/config/choice.h"
#include "stoker/data/options.h"
#include "stoker/dist/options.h"
#include "stoker/optim/grad_scaler.h"
#include "stoker/train/memory_options.h"
#include "stoker/train/options.h"
#include "stoker/tuning/options.h"

namespace stoker::run {

struct FolderOptions {
  std::string dir = "runs";
};
inline void describe(FolderOptions& o, config::Fields& fields) {
  fields("dir", o.dir, "where runs are kept, as <dir>/<name>/<number>");
}

// What is asked of an image: its one class, or which of the classes apply.
enum class Task { kClassification, kMultilabel };
std::span<const std::string_view> enum_names(Task);  // classification, multilabel

struct RunConfig {
  RunConfig();  // picks the default rows of the tables

  std::string name;  // empty: the config file's name
  Task task = Task::kClassification;
  int64_t seed = 0;
  data::DataOptions data;
  std::vector<config::Choice> augment;
  augment::ProgressiveResizingOptions progressive_resizing;
  config::Choice model;
  config::Choice optimizer;
  config::Choice schedule;
  std::vector<config::Choice> algorithms;
  train::TrainOptions train;
  train::MemoryOptions memory;
  tuning::TuneOptions tune;
  optim::GradScalerOptions grad_scaler;
  train::EvalOptions eval;
  train::CheckpointOptions checkpoint;
  dist::DistOptions dist;
  callbacks::LogOptions log;
  callbacks::MonitorOptions monitor;
  FolderOptions run;
  std::string device = "auto";
};
void describe(RunConfig& config, config::Fields& fields);

}  // namespace stoker::run
