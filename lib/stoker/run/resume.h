// Going on with a run: what may have changed.
//
//   runs::ResumePoint point = runs::find_resume_point("runs/cifar10/1");
//   check_resume(point, config);
#pragma once

#include "stoker/run/run_config.h"
#include "stoker/runs/resume_point.h"

namespace stoker::run {

// What `auto` of the run was found to be (train.batch_size, train.microbatch, memory.checkpoint)
// stays so in `now`. Logs every key whose value differs from the one the checkpoint was trained
// with. Throws ConfigError listing those that must stay, each with its reason.
void check_resume(const runs::ResumePoint& point, RunConfig& now);

}  // namespace stoker::run
