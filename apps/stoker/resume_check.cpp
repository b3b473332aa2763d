#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/jobs/resume_check.h"
#include "torch_bodies.h"

namespace stoker::app {

namespace {

nlohmann::ordered_json to_json(const jobs::ResumeCheck& check) {
  return {{"same", check.differences.empty()},
          {"from", check.from.string()},
          {"to", check.to.string()},
          {"from_step", check.from_step},
          {"to_step", check.to_step},
          {"tensors", check.tensors},
          {"metric_lines", check.metric_lines},
          {"differences", check.differences},
          {"cautions", check.cautions},
          {"time_s", check.time_s}};
}

void print(const jobs::ResumeCheck& check) {
  constexpr size_t kShown = 20;
  fmt::print("trained from {} to step {} again, in {}\n",
             check.from.empty() ? "the start of the run" : shown(check.from.string()),
             check.to_step, human_duration(check.time_s));
  for (size_t i = 0; i < std::min(kShown, check.differences.size()); ++i) {
    fmt::print("  {}\n", shown(check.differences[i]));
  }
  if (check.differences.size() > kShown) {
    fmt::print("  … and {} more (--json has them all)\n", check.differences.size() - kShown);
  }
  if (check.differences.empty()) {
    fmt::print("same: {} tensors and {} lines of metrics.jsonl are those of {}, bit for bit\n",
               check.tensors, check.metric_lines, shown(check.to.string()));
  } else {
    fmt::print("different from {}\n", shown(check.to.string()));
    for (const std::string& caution : check.cautions) fmt::print("note: {}\n", shown(caution));
  }
}

}  // namespace

ExitCode resume_check(const ResumeCheckArguments& arguments) {
  const jobs::ResumeCheck check = jobs::check_resumption(arguments.path, arguments.overrides);
  if (arguments.json) {
    fmt::print("{}\n", json_text(to_json(check), 2));
  } else {
    print(check);
  }
  return check.differences.empty() ? ExitCode::kDone : ExitCode::kDifferent;
}

}  // namespace stoker::app
