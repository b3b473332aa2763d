#include "stoker/run/resume.h"

#include <spdlog/spdlog.h>

#include "stoker/config/compare.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/run/load.h"

namespace stoker::run {

void check_resume(const RunFolder& folder, RunConfig& now) {
  RunConfig before = load_run_config(folder.config()).options;
  std::string refused;
  for (const config::Change& change :
       config::compare(config::fields_of(before), config::fields_of(now))) {
    if (change.is_fixed()) {
      refused += fmt::format("\n  {}: {}", config::to_string(change), change.reason);
    } else {
      log().info("changed on resume: {}", config::to_string(change));
    }
  }
  if (refused.empty()) return;
  throw ConfigError(fmt::format(
      "{} cannot go on with another value of{}\nLeave these keys as they were, or start a new run "
      "without --resume.",
      folder.path().string(), refused));
}

}  // namespace stoker::run
