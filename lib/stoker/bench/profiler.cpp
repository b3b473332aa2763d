#include "stoker/bench/profiler.h"

#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "stoker/bench/clock.h"
#include "stoker/bench/trace_file.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"

namespace stoker::bench {

namespace {

namespace kineto = torch::autograd::profiler;

std::set<kineto::ActivityType> activities_of(c10::Device device) {
  std::set<kineto::ActivityType> activities{kineto::ActivityType::CPU};
  if (device.is_cuda()) activities.insert(kineto::ActivityType::CUDA);
  return activities;
}

// Kineto tells of its own states on standard error otherwise; the user's choice comes first.
void quiet_kineto() {
  constexpr const char* kErrorsAlone = "5";
  ::setenv("KINETO_LOG_LEVEL", kErrorsAlone, /*overwrite=*/0);
}

OperatorEvent event_of(const kineto::KinetoEvent& event) {
  const std::string name = event.name();
  return {.name = name,
          .thread = static_cast<int64_t>(event.startThreadId()),
          .begin_ns = static_cast<int64_t>(event.startNs()),
          .end_ns = static_cast<int64_t>(event.endNs()),
          .bytes = event.nBytes(),
          .is_memory = name == "[memory]"};
}

}  // namespace

Profiler::Profiler(c10::Device device) : device_(device), log_level_(FLAGS_caffe2_log_level) {
  quiet_kineto();
  FLAGS_caffe2_log_level = c10::GLOG_ERROR;
  const kineto::ProfilerConfig config(kineto::ProfilerState::KINETO, /*report_input_shapes=*/false,
                                      /*profile_memory=*/true);
  const std::set<kineto::ActivityType> activities = activities_of(device);
  kineto::prepareProfiler(config, activities);
  kineto::enableProfiler(config, activities,
                         {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION});
  trace::start();
}

Profiler::~Profiler() {
  FLAGS_caffe2_log_level = log_level_;
  if (!is_running_) return;
  trace::stop();
  kineto::disableProfiler();
}

Recording Profiler::stop(const std::filesystem::path& folder, Window window) {
  wait_for(device_);
  Recording recording{.threads = trace::stop()};
  is_running_ = false;
  const std::unique_ptr<kineto::ProfilerResult> result = kineto::disableProfiler();
  std::vector<OperatorEvent> on_host, on_device;
  for (const kineto::KinetoEvent& event : result->events()) {
    const auto begin_ns = static_cast<int64_t>(event.startNs());
    if (begin_ns < window.begin_ns || begin_ns > window.end_ns) continue;
    if (event.deviceType() == c10::DeviceType::CPU || event.name() == "[memory]")
      on_host.push_back(event_of(event));
    else
      on_device.push_back(event_of(event));
  }
  recording.device_busy_ns = covered_ns(on_device);
  recording.operators = operator_rows(std::move(on_host));
  // Kernels of several streams overlap without calling one another.
  for (size_t i = 0; i < on_device.size(); ++i) on_device[i].thread = static_cast<int64_t>(i);
  recording.kernels = operator_rows(std::move(on_device));

  const std::filesystem::path file = folder / "kineto.json";
  result->save(file.string());
  recording.trace =
      with_ranges(read_file(file), recording.threads, ::getpid(), ::syscall(SYS_gettid));
  std::filesystem::remove(file);
  return recording;
}

}  // namespace stoker::bench
