// The network that a run with `distillation` learns from.
#pragma once

#include <memory>

#include "stoker/algorithms/distillation.h"
#include "stoker/run/build.h"

namespace stoker::run {

// What the teacher is to fit.
struct Student {
  const RunConfig& config;
  const models::ModelContext& context;
  const train::Source& train;
  at::Device device{at::kCPU};
};

// Throws ConfigError where the teacher of a configuration that has one is not there, or lacks the
// name of its model; nothing is read.
void check_teacher(const RunConfig& config);

// Nothing where the configuration lists no distillation. A run's best checkpoint stands for the
// run; its images are turned into those that it was trained on where they were normalised in
// another way. Throws ConfigError where the teacher cannot be read, knows other classes, or does
// not take the run's images; DataError for a damaged checkpoint or file.
std::shared_ptr<const algorithms::Teacher> open_teacher(const Student& student);

}  // namespace stoker::run
