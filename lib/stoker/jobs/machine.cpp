#include "stoker/jobs/machine.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "stoker/machine/device.h"
#include "stoker/models/flops.h"

namespace stoker::jobs {

namespace {

using nlohmann::ordered_json;

// A test's card stands beside a training on the CPU.
std::string watched_gpu(c10::Device device) {
  const char* played = std::getenv("STOKER_NVML_GPU");
  return played != nullptr ? played : machine::device_identity(device);
}

monitor::EnergyPrices prices_of(const callbacks::MonitorOptions& options) {
  return {.price_per_kwh = options.price_per_kwh, .gco2_per_kwh = options.gco2_per_kwh};
}

monitor::EnergyReport energy_of(const run::Session& session) {
  return monitor::report_energy(session.state->position.energy, prices_of(session.config.monitor));
}

}  // namespace

monitor::Arithmetic arithmetic_of(train::Precision precision) {
  switch (precision) {
    case train::Precision::kTf32:
      return monitor::Arithmetic::kTf32;
    case train::Precision::kBf16:
      return monitor::Arithmetic::kBf16;
    case train::Precision::kFp16:
      return monitor::Arithmetic::kFp16;
    case train::Precision::kAuto:
    case train::Precision::kFp32:
      break;
  }
  return monitor::Arithmetic::kFp32;
}

train::MachineOptions machine_options(const run::Session& session) {
  const callbacks::MonitorOptions& options = session.config.monitor;
  train::MachineOptions machine{.prices = prices_of(options),
                                .peak_tflops = options.peak_tflops,
                                .arithmetic = arithmetic_of(session.config.train.precision)};
  if (options.every_s > 0) {
    machine.sampler = monitor::SamplerOptions{.every_s = options.every_s,
                                              .gpu = watched_gpu(session.device),
                                              .counts_cpu_energy = session.group->local_rank() == 0,
                                              .cpu_tdp_w = options.cpu_tdp_w};
  }
  // Images that grow cost more and more.
  if (session.train.pipelines.phases().size() > 1) return machine;
  const models::TrainingFlops flops = models::training_flops(*session.model, session.context);
  machine.flops_per_image = static_cast<double>(flops.step);
  machine.recomputed_flops_per_image = static_cast<double>(flops.recomputed);
  return machine;
}

ordered_json energy_summary(const run::Session& session) {
  const monitor::EnergyReport report = energy_of(session);
  if (!report.joules) return "not measured";
  ordered_json energy{{"joules", *report.joules}, {"kwh", *report.kwh}};
  const auto add = [&](const char* key, const std::optional<double>& value) {
    if (value) energy[key] = *value;
  };
  add("cost", report.cost);
  add("gco2", report.gco2);
  add("gpu_joules", report.gpu_j);
  add("cpu_joules", report.cpu_j);
  add("gpu_counter_joules", report.gpu_counter_j);
  add("gpu_integral_joules", report.gpu_integral_j);
  energy["method"] = report.method;
  return energy;
}

std::string energy_line(const run::Session& session) {
  const monitor::EnergyReport report = energy_of(session);
  if (!report.joules) return "";
  return fmt::format("energy: {}; {}", monitor::energy_text(report), report.method);
}

}  // namespace stoker::jobs
