#include "stoker/sweep/open_sweep.h"

#include <algorithm>
#include <charconv>

#include "stoker/config/print.h"
#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/shown.h"
#include "stoker/sweep/config_check.h"
#include "stoker/sweep/metric.h"
#include "stoker/sweep/train_command.h"

namespace stoker::sweep {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "sweep-";
constexpr std::string_view kAdvice =
    "Wait for it, stop it, or start another sweep with --new; --status shows how far it is.";

CheckedConfig checked_base(const fs::path& config, const std::vector<std::string>& fixed,
                           const std::vector<std::string>& program) {
  const std::vector<std::vector<std::string>> one{fixed};
  CheckedConfig base = check_configs(program, config, one)[0];
  if (!base.problems.empty()) throw ConfigError(base.problems);
  return base;
}

fs::path parent_of(const CheckedConfig& base) {
  return fs::path(base.text("run.dir").value_or("runs")) / base.text("name").value_or("sweep");
}

// 0 without any.
int newest_number(const fs::path& parent) {
  int newest = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    int number = 0;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + kPrefix.size(), end, number);
    if (read.ec == std::errc() && read.ptr == end) newest = std::max(newest, number);
  }
  return newest;
}

fs::path numbered(const fs::path& parent, int number) {
  return parent / fmt::format("{}{}", kPrefix, number);
}

void check_trials(const SweepRequest& request, std::vector<Trial>& trials) {
  std::vector<std::vector<std::string>> overrides;
  for (const Trial& trial : trials) {
    overrides.push_back(request.plan.space.fixed);
    overrides.back().insert(overrides.back().end(), trial.overrides.begin(), trial.overrides.end());
  }
  const auto checked = check_configs(request.program, request.config, overrides);
  constexpr int kShown = 8;
  std::string problems;
  int bad = 0;
  for (size_t i = 0; i < trials.size(); ++i) {
    trials[i].epochs = checked[i].number("train.epochs").value_or(0);
    std::string problem = checked[i].problems;
    if (problem.empty())
      problem =
          metric_problem(request.plan.metric, checked[i].text("task").value_or("classification"));
    if (problem.empty()) continue;
    if (++bad <= kShown)
      problems +=
          fmt::format("\n{}: {}\n  {}", trials[i].id(), shell_line(trials[i].overrides), problem);
  }
  if (bad > 0)
    throw ConfigError(fmt::format("{} of {} trials would be refused, so none was started:{}{}", bad,
                                  trials.size(), problems,
                                  bad > kShown ? fmt::format("\nand {} more", bad - kShown) : ""));
}

void refuse_changes(const fs::path& folder, const SweepPlan& before, const SweepPlan& now) {
  const std::vector<std::string> changes = differences(before, now);
  if (changes.empty()) return;
  std::string text;
  for (const std::string& change : changes) text += fmt::format("\n  {}", shown(change));
  throw ConfigError(
      fmt::format("{} is a sweep of something else; these keys differ:{}\nGive what it was begun "
                  "with to go on with it, or start another with --new.",
                  folder.string(), text));
}

}  // namespace

OpenSweep open_sweep(SweepRequest request) {
  const CheckedConfig base =
      checked_base(request.config, request.plan.space.fixed, request.program);
  request.plan.base = leaves_of_json(base.resolved);
  for (const char* where : {"name", "run.dir"}) request.plan.base.erase(where);
  const fs::path parent = parent_of(base);
  int number = std::max(newest_number(parent), 1);
  const fs::path newest = numbered(parent, number);
  const bool exists = Register::exists(newest / Register::kFile);
  if (exists && !request.is_new) {
    runs::RunLock lock(newest, kAdvice);
    Register book = Register::open(newest / Register::kFile);
    refuse_changes(newest, plan_from(book.identity()), request.plan);
    return {.folder = newest, .lock = std::move(lock), .book = std::move(book)};
  }
  std::vector<Trial> trials = make_trials(request.plan);
  check_trials(request, trials);
  // A folder that a kill left before there was a register is used again.
  const fs::path folder = exists ? numbered(parent, number + 1) : newest;
  real_file_system().make_directories(folder);
  runs::RunLock lock(folder, kAdvice);
  const std::string yaml = config::print_yaml(config::parse_yaml(base.resolved, {}));
  write_file_atomically(real_file_system(), folder / kBaseFile, as_bytes(yaml));
  Register book = Register::create(folder / Register::kFile, identity_of(request.plan), trials);
  return {.folder = folder, .lock = std::move(lock), .book = std::move(book), .is_new = true};
}

OpenSweep open_folder(const fs::path& folder) {
  runs::RunLock lock(folder, kAdvice);
  return {
      .folder = folder, .lock = std::move(lock), .book = Register::open(folder / Register::kFile)};
}

std::optional<fs::path> newest_sweep(const fs::path& config, const std::vector<std::string>& fixed,
                                     const std::vector<std::string>& program) {
  const fs::path parent = parent_of(checked_base(config, fixed, program));
  const int number = newest_number(parent);
  if (number == 0 || !Register::exists(numbered(parent, number) / Register::kFile))
    return std::nullopt;
  return numbered(parent, number);
}

}  // namespace stoker::sweep
