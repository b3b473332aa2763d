#include "stoker/report/run_facts.h"

#include <algorithm>
#include <optional>
#include <string>

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

template <class T>
T value_in(const ordered_json& object, const char* key, T otherwise) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->get<std::string>() : otherwise;
  } else {
    return found->is_number() ? found->get<T>() : otherwise;
  }
}

// As the driver called it at the newest verdict, else as CUDA lists them.
std::string gpu_of(const RunRecord& run) {
  for (auto event = run.events.rbegin(); event != run.events.rend(); ++event) {
    if (std::string name = value_in(*event, "gpu", std::string()); !name.empty()) return name;
  }
  const auto gpus = run.environment.find("gpus");
  if (gpus == run.environment.end() || !gpus->is_array() || gpus->empty()) return "";
  return gpus->front().is_object() ? value_in(gpus->front(), "name", std::string()) : "";
}

bool is_of_gpu(const RunRecord& run) {
  const std::string device = value_in(run.environment, "device", std::string());
  return device.starts_with("cuda") ||
         std::ranges::any_of(run.metrics, [](const runs::MetricsRecord& record) {
           return record.value("gpu_power_w") || record.value("gpu_util");
         });
}

}  // namespace

monitor::Facts run_facts(const RunRecord& run) {
  monitor::Facts facts;
  facts.on_gpu = is_of_gpu(run);
  if (facts.on_gpu) facts.gpu = gpu_of(run);
  facts.usable_cpus = value_in(run.environment, "usable_cpus", 0);
  facts.ranks = value_in(run.environment, "world_size", int64_t{1});
  facts.faster_precision = value_in(run.environment, "faster_precision", std::string());
  std::vector<int64_t> begins = run.resumed_at;
  std::ranges::sort(begins);
  auto next = begins.begin();
  bool is_first = true;
  for (const runs::MetricsRecord& record : run.metrics) {
    const auto line = [&](std::string_view key) { return record.value(key); };
    if (record.split == "val") facts.add_evaluation(line);
    if (record.split != "train") continue;
    for (; next != begins.end() && *next < record.step; ++next) is_first = true;
    if (is_first)
      facts.note_line(line);
    else
      facts.add_training(line);
    is_first = false;
  }
  return facts;
}

}  // namespace stoker::report
