// `stoker doctor` of a machine without a GPU and of a run, without LibTorch; what asks LibTorch is
// in doctor_config.cpp.
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "bodies.h"
#include "stoker/core/error.h"
#include "stoker/monitor/gpu_table.h"
#include "stoker/monitor/machine.h"
#include "stoker/monitor/machine_report.h"
#include "stoker/report/diagnosis.h"

namespace stoker::app {

namespace {

ExitCode examine_run(const DoctorArguments& arguments) {
  if (!arguments.overrides.empty()) {
    throw ConfigError(
        fmt::format("doctor {}: read {}, but a run has its own configuration: expected none, or a "
                    "YAML file",
                    arguments.path, arguments.overrides.front()));
  }
  const report::Diagnosis diagnosis = report::diagnose(arguments.path);
  fmt::print(
      "{}", arguments.json ? report::diagnosis_json(diagnosis) : report::diagnosis_text(diagnosis));
  return ExitCode::kDone;
}

ExitCode examine_machine(const DoctorArguments& arguments) {
  // LibTorch is asked where there may be a GPU: the disk is left to whoever says what there is. A
  // driver that does not answer is not asked again.
  monitor::MachineFacts facts = monitor::read_machine({.disk_mib = 0});
  if (monitor::may_have_gpu(facts)) throw HandOver{};
  facts.system =
      monitor::read_system_facts({.folder = arguments.disk.empty() ? "." : arguments.disk});
  fmt::print("{}", arguments.json ? monitor::machine_json(facts) : monitor::machine_text(facts));
  return monitor::is_training_barred(facts) ? ExitCode::kDevice : ExitCode::kDone;
}

}  // namespace

ExitCode doctor(const DoctorArguments& arguments) {
  if (arguments.gpus) {
    fmt::print("{}", monitor::gpu_table_markdown());
    return ExitCode::kDone;
  }
  if (arguments.path.empty()) return examine_machine(arguments);
  if (is_override(arguments.path)) {
    throw ConfigError(fmt::format(
        "doctor: read {}, expected a configuration before what changes it", arguments.path));
  }
  std::error_code none;
  if (std::filesystem::is_directory(arguments.path, none)) return examine_run(arguments);
  throw HandOver{};
}

}  // namespace stoker::app
