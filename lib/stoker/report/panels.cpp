#include "stoker/report/panels.h"

#include <algorithm>
#include <string_view>

#include "stoker/core/units.h"

namespace stoker::report {

namespace {

constexpr double kMicro = 1e-6;

const std::vector<Panel>& known_panels() {
  static const std::vector<Panel> panels{
      {"Loss", "", {{"train.loss", "training"}, {"val.loss", "validation"}}},
      {"Accuracy", "share", {{"val.top1", "top 1"}, {"val.top5", "top 5"}}},
      {"Throughput", "img/s", {{"train.images_per_s", "images a second"}}, true, true},
      {"Learning rate", "", {{"train.lr", "base rate"}}},
      {"Waiting for data", "share", {{"train.data_wait", "share of the step"}}, true},
      {"Memory",
       "bytes",
       {{"train.memory_gib", "of the process or device", kGib},
        {"train.peak_bytes", "most that tensors held"},
        {"train.gpu_memory_gib", "GPU, all processes", kGib},
        {"train.gpu_others_gib", "GPU, others", kGib},
        {"train.rss_gib", "resident", kGib}},
       true},
      {"GPU in use",
       "share",
       {{"train.gpu_util", "some kernel ran"},
        {"train.gpu_sm_busy", "multiprocessors busy"},
        {"train.gpu_occupancy", "occupancy"},
        {"train.gpu_tensor", "tensor cores"},
        {"train.gpu_dram", "memory bandwidth"}},
       true},
      {"Power", "W", {{"train.gpu_power_w", "power"}, {"train.gpu_power_limit_w", "limit"}}, true},
      {"Temperature", "°C", {{"train.gpu_temp_c", "GPU"}}},
      {"Clocks",
       "MHz",
       {{"train.gpu_sm_mhz", "multiprocessors"}, {"train.gpu_memory_mhz", "memory"}}},
      {"Clock held down",
       "share",
       {{"train.gpu_held_power", "by the power limit"},
        {"train.gpu_held_heat", "by heat"},
        {"train.gpu_held_brake", "by a power brake"},
        {"train.gpu_held_sync", "by a slower GPU"}},
       true},
      {"Arithmetic in use",
       "share",
       {{"train.mfu", "of the model (MFU)"}, {"train.hfu", "with recomputation (HFU)"}},
       true},
      {"Energy an image", "J", {{"train.joules_per_image", "joules"}}, true},
      {"Processors in use",
       "",
       {{"train.cpu_used", "this process"}, {"train.cpu_others", "others"}},
       true},
      {"Traffic",
       "bytes/s",
       {{"train.disk_mib_s", "read from disk", kMib},
        {"train.gpu_pcie_gib_s", "PCIe", kGib},
        {"train.gpu_nvlink_gib_s", "NVLink", kGib}},
       true},
      {"Loader, time an image",
       "s",
       {{"train.read_us", "read", kMicro},
        {"train.decode_us", "decode", kMicro},
        {"train.augment_us", "augment", kMicro},
        {"train.copy_us", "copy", kMicro}},
       true},
      {"Calibration error", "", {{"val.ece", "expected"}}, true},
      {"Gradient noise scale", "images", {{"train.noise_scale", "noise scale"}}},
  };
  return panels;
}

// Counts and what other panels say already.
bool is_left_out(std::string_view key) {
  constexpr std::string_view kNames[] = {"time_s",
                                         "epoch",
                                         "images",
                                         "skipped_steps",
                                         "nonfinite_images",
                                         "wall_s",
                                         "save_s",
                                         "eval_s",
                                         "joules_per_step",
                                         "exchange_wait_s",
                                         "joules",
                                         "energy_kwh",
                                         "loader_threads",
                                         "slowest_rank",
                                         "slowest_rank_works",
                                         "mean_rank_works",
                                         "tflops",
                                         "gpu_pcie_width",
                                         "gpu_ecc_corrected",
                                         "gpu_pcie_generation",
                                         "gpu_ecc_uncorrected",
                                         "gpu_xid_errors",
                                         "cpu_wait",
                                         "cpu_held"};
  return !key.starts_with("train.") && !key.starts_with("val.")
             ? true
             : std::ranges::find(kNames, key.substr(key.find('.') + 1)) != std::end(kNames);
}

std::string unit_by_name(std::string_view key) {
  constexpr std::pair<std::string_view, std::string_view> kEnds[] = {
      {"_w", "W"}, {"_mhz", "MHz"}, {"_gib", "GiB"}, {"_bytes", "bytes"},
      {"_s", "s"}, {"_us", "µs"},   {"_j", "J"},     {"_c", "°C"}};
  for (const auto& [end, unit] : kEnds)
    if (key.ends_with(end) && !key.ends_with("_per_s")) return std::string(unit);
  return "";
}

}  // namespace

std::vector<Panel> panels_of(const std::set<std::string>& keys) {
  std::vector<Panel> panels;
  std::set<std::string> left = keys;
  for (Panel panel : known_panels()) {
    std::erase_if(panel.keys, [&](const PanelKey& key) { return left.erase(key.key) == 0; });
    if (!panel.keys.empty()) panels.push_back(std::move(panel));
  }
  for (const std::string& key : left)
    if (!is_left_out(key)) panels.push_back({key, unit_by_name(key), {{key, key}}});
  return panels;
}

}  // namespace stoker::report
