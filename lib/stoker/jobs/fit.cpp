#include "stoker/jobs/fit.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/jobs/device_rates.h"
#include "stoker/jobs/machine.h"
#include "stoker/machine/device.h"
#include "stoker/models/flops.h"
#include "stoker/run/session.h"

namespace stoker::jobs {

namespace {

// What docs/gpus.md says of these factors.
monitor::Work work_of(const run::Session& session) {
  constexpr double kActivationMoves = 6;  // for each byte that is kept
  models::Model& model = *session.model;
  const train::StepPlan& plan = session.plan();
  const run::MemoryParts& parts = session.memory;
  const int64_t kept = parts.activations_per_image * static_cast<int64_t>(sizeof(float)) /
                       train::bytes_per_value(session.config.train.precision);
  monitor::Work work{.fixed_bytes = parts.fixed(),
                     .kept_per_image = kept,
                     .batch_size = plan.batch_size,
                     .smallest_microbatch = session.state->facts.smallest_batch};
  const models::TrainingFlops flops = models::training_flops(model, session.context);
  work.flops_per_image = static_cast<double>(flops.step + flops.recomputed);
  work.bytes_per_image = kActivationMoves * static_cast<double>(kept);
  // Weights are read by both passes and moved; gradients and state are written and read.
  work.bytes_per_step = 3.0 * static_cast<double>(parts.parameters) +
                        2.0 * static_cast<double>(parts.gradients + parts.optimizer_state);
  work.images = static_cast<double>(plan.total_steps) * static_cast<double>(plan.batch_size);
  work.operators_per_pass = models::forward_operators(model, session.context);
  return work;
}

monitor::Training training_of(const run::Session& session) {
  const models::ModelContext& context = session.context;
  monitor::Training training{
      .model = std::string(session.config.model.name()),
      .input = fmt::format("{}x{}x{}", context.channels, context.height, context.width),
      .steps = session.plan().total_steps,
      .work = work_of(session)};
  for (const at::Tensor& parameter : session.model->parameters())
    training.parameters += parameter.numel();
  if (session.precision_reason.empty())
    training.arithmetic = arithmetic_of(session.config.train.precision);
  return training;
}

// "" for a device that is there.
std::string missing_device(const run::RunConfig& config) {
  try {
    machine::pick_device(config.device);
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

monitor::FitReport fit_training(const run::RunConfig& config) {
  monitor::FitReport report{.why_not_here = missing_device(config)};
  run::RunConfig counted = config;
  if (!report.why_not_here.empty()) counted.device = "cpu";
  const run::Session session = run::build_session(std::move(counted));
  report.training = training_of(session);
  if (report.why_not_here.empty()) {
    const bool is_cpu = session.device.is_cpu();
    const train::Precision precision = session.config.train.precision;
    report.here = monitor::fit_device(
        report.training, session.device.str(), measure_rates(session.device, precision),
        arithmetic_of(precision), is_cpu ? monitor::kReachedByCpu : monitor::kReached);
  }
  report.gpus = monitor::fit_gpus(report.training);
  return report;
}

}  // namespace stoker::jobs
