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

void keep_what_was_found(const RunConfig& before, RunConfig& now) {
  if (!now.train.batch_size) now.train.batch_size = before.train.batch_size;
  if (!now.train.microbatch) now.train.microbatch = before.train.microbatch;
  if (now.memory.checkpoint == train::CheckpointMode::kAuto)
    now.memory.checkpoint = before.memory.checkpoint;
}

RunConfig config_before(const runs::ResumePoint& point) {
  const std::filesystem::path config =
      point.checkpoint ? point.checkpoint->folder() / runs::kConfigFile : point.folder.config();
  return load_run_config(config).options;
}

}  // namespace

void check_resume(const runs::ResumePoint& point, RunConfig& now) {
  RunConfig before = config_before(point);
  keep_what_was_found(before, now);
  RunConfig resolved = now;
  follow_batch(resolved);
  resolve_precision(resolved, machine::pick_device(resolved.device));
  std::string refused;
  for (const config::Change& change :
       config::compare(config::fields_of(before), config::fields_of(resolved))) {
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
