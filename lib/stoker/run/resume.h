// Going on with a run: what may have changed.
//
//   runs::ResumePoint point = runs::find_resume_point("runs/cifar10/1");
//   keep_what_was_found(point, config);
//   check_resume(point, config);
#pragma once

#include "stoker/run/run_config.h"
#include "stoker/runs/resume_point.h"

namespace stoker::run {

// What `auto` of a run was found to be stays as it is: train.microbatch and memory.checkpoint.
void keep_what_was_found(const runs::ResumePoint& point, RunConfig& now);

// Logs every key whose value differs from the one the checkpoint was trained with. Throws
// ConfigError listing those that must stay, each with its reason.
void check_resume(const runs::ResumePoint& point, RunConfig now);

}  // namespace stoker::run
