#include "stoker/bench/profiler.h"

#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

#include "stoker/bench/clock.h"
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

int64_t base_time_ns(const std::string& trace) {
  constexpr std::string_view kKey = "\"baseTimeNanoseconds\":";
  const size_t key = trace.find(kKey);
  STOKER_CHECK(key != std::string::npos, "Kineto's trace has no {}", kKey);
  size_t at = key + kKey.size();
  while (trace[at] == ' ') ++at;
  int64_t base = 0;
  const auto [end, error] = std::from_chars(trace.data() + at, trace.data() + trace.size(), base);
  STOKER_CHECK(error == std::errc(), "Kineto's trace has no number at {}", kKey);
  return base;
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

std::string with_ranges(std::string trace, const std::vector<trace::Thread>& threads,
                        int64_t process_id, int64_t main_thread_id) {
  constexpr std::string_view kEvents = "\"traceEvents\": [";
  const size_t events = trace.find(kEvents);
  STOKER_CHECK(events != std::string::npos, "Kineto's trace has no {}", kEvents);
  const int64_t base_ns = base_time_ns(trace);
  std::string ours = "\n";
  int64_t loader_threads = 0;
  for (const trace::Thread& thread : threads) {
    const bool loads = std::ranges::all_of(
        thread.ranges, [](const trace::Range& range) { return is_of_loader(range.stage); });
    const std::string name = thread.id == main_thread_id ? "training"
                             : loads ? fmt::format("loader {}", loader_threads++)
                                     : "checkpoint";
    ours +=
        fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"{}"}}}},)"
                    "\n",
                    process_id, thread.id, name);
    for (const trace::Range& range : thread.ranges) {
      ours += fmt::format(
          R"({{"ph":"X","cat":"stoker","name":"{}","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f}}},)"
          "\n",
          trace::name(range.stage), process_id, thread.id,
          1e-3 * static_cast<double>(range.begin_ns - base_ns),
          1e-3 * static_cast<double>(range.end_ns - range.begin_ns));
    }
  }
  const size_t first = trace.find_first_not_of(" \n\r\t", events + kEvents.size());
  if (first != std::string::npos && trace[first] == ']') {  // no event of Kineto's follows
    if (const size_t comma = ours.rfind(','); comma != std::string::npos) ours.erase(comma, 1);
  }
  trace.insert(events + kEvents.size(), ours);
  return trace;
}

}  // namespace stoker::bench
