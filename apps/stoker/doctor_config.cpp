// `stoker doctor` of a machine with a GPU and of a configuration, with LibTorch.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "stoker/config/config.h"
#include "stoker/core/error.h"
#include "stoker/jobs/fit.h"
#include "stoker/machine/device.h"
#include "stoker/monitor/machine.h"
#include "stoker/monitor/machine_report.h"
#include "stoker/run/load.h"
#include "torch_bodies.h"

namespace stoker::app {

namespace {

// A number of the section `monitor:`; nothing where it is not set.
std::optional<double> monitor_number(run::RunConfig config, std::string_view key) {
  const config::Node tree = config::to_node(config::fields_of(config));
  const config::Node* section = tree.find("monitor");
  const config::Node* value =
      section != nullptr && section->is_map() ? section->find(key) : nullptr;
  if (value == nullptr || !value->is_scalar()) return std::nullopt;
  return config::parse_number(value->scalar);
}

ExitCode examine_config(const DoctorArguments& arguments) {
  const run::RunConfig config = run::load_run_config(arguments.path, arguments.overrides).options;
  monitor::FitReport report = jobs::fit_training(config);
  report.price_per_kwh = monitor_number(config, "price_per_kwh");
  report.gco2_per_kwh = monitor_number(config, "gco2_per_kwh");
  fmt::print("{}", arguments.json ? monitor::fit_json(report) : monitor::fit_text(report));
  return report.can_train_here() ? ExitCode::kDone : ExitCode::kDevice;
}

}  // namespace

ExitCode doctor_with_torch(const DoctorArguments& arguments) {
  if (!arguments.path.empty()) return examine_config(arguments);
  monitor::MachineFacts facts =
      monitor::read_machine({.folder = arguments.disk.empty() ? "." : arguments.disk});
  facts.cuda_devices = machine::cuda_device_count();
  fmt::print("{}", arguments.json ? monitor::machine_json(facts) : monitor::machine_text(facts));
  return monitor::is_training_barred(facts) ? ExitCode::kDevice : ExitCode::kDone;
}

}  // namespace stoker::app
