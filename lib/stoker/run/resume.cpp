#include "stoker/run/resume.h"

#include <spdlog/spdlog.h>

#include "stoker/config/compare.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/machine/device.h"
#include "stoker/run/batch_rule.h"
#include "stoker/run/load.h"
#include "stoker/run/precision.h"
#include "stoker/runs/layout.h"

namespace stoker::run {

namespace {

RunConfig config_before(const runs::ResumePoint& point) {
  const std::filesystem::path config =
      point.checkpoint ? point.checkpoint->folder() / runs::kConfigFile : point.folder.config();
  return load_run_config(config).options;
}

}  // namespace

void keep_what_was_found(const runs::ResumePoint& point, RunConfig& now) {
  const RunConfig before = config_before(point);
  if (!now.train.microbatch) now.train.microbatch = before.train.microbatch;
  if (now.memory.checkpoint == train::CheckpointMode::kAuto)
    now.memory.checkpoint = before.memory.checkpoint;
}

void check_resume(const runs::ResumePoint& point, RunConfig now) {
  follow_batch(now);
  resolve_precision(now, machine::pick_device(now.device));
  RunConfig before = config_before(point);
  std::string refused;
  for (const config::Change& change :
       config::compare(config::fields_of(before), config::fields_of(now))) {
    if (change.is_fixed()) {
      refused += fmt::format("\n  {}: {}", config::to_string(change), change.reason);
    } else {
      log().info("changed on resume: {}", config::to_string(change));
      if (change.key == "train.epochs") {
        log().info("the schedule spans the new length: the steps to come have its rates");
      }
    }
  }
  if (refused.empty()) return;
  throw ConfigError(fmt::format(
      "{} cannot go on with another value of{}\nLeave these keys as they were, or start a new run "
      "without --resume.",
      point.folder.path().string(), refused));
}

}  // namespace stoker::run
