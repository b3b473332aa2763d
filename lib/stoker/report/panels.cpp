#include "stoker/report/panels.h"

#include <string_view>
#include <utility>

#include "stoker/runs/columns.h"

namespace stoker::report {

namespace {

struct Line {
  std::string_view key, name;
};
// Lines of one unit, which is that of their columns.
struct KnownPanel {
  std::string_view title;
  std::vector<Line> lines;
  bool from_zero = true;
  bool has_events = false;
};

const std::vector<KnownPanel>& known_panels() {
  static const std::vector<KnownPanel> panels{
      {"Loss", {{"train.loss", "training"}, {"val.loss", "validation"}}, false},
      {"Accuracy", {{"val.top1", "top 1"}, {"val.top5", "top 5"}}, false},
      {"Several labels",
       {{"val.map", "mean average precision"},
        {"val.f1_micro", "F1, micro"},
        {"val.f1_macro", "F1, macro"}},
       false},
      {"Throughput", {{"train.images_per_s", "images a second"}}, true, true},
      {"Learning rate", {{"train.lr", "base rate"}}, false},
      {"Waiting for data", {{"train.data_wait", "share of the step"}}},
      {"Memory",
       {{"train.memory_gib", "of the process or device"},
        {"train.peak_bytes", "most that tensors held"},
        {"train.gpu_memory_gib", "GPU, all processes"},
        {"train.gpu_others_gib", "GPU, others"},
        {"train.rss_gib", "resident"}}},
      {"GPU in use",
       {{"train.gpu_util", "some kernel ran"},
        {"train.gpu_sm_busy", "multiprocessors busy"},
        {"train.gpu_occupancy", "occupancy"},
        {"train.gpu_tensor", "tensor cores"},
        {"train.gpu_dram", "memory bandwidth"},
        {"train.gpu_memory_busy", "memory read or written"},
        {"train.gpu_pcie_busy", "PCIe link"}}},
      {"Power", {{"train.gpu_power_w", "power"}, {"train.gpu_power_limit_w", "limit"}}},
      {"Temperature", {{"train.gpu_temp_c", "GPU"}}, false},
      {"Clocks",
       {{"train.gpu_sm_mhz", "multiprocessors"}, {"train.gpu_memory_mhz", "memory"}},
       false},
      {"Clock held down",
       {{"train.gpu_held_power", "by the power limit"},
        {"train.gpu_held_heat", "by heat"},
        {"train.gpu_held_brake", "by a power brake"},
        {"train.gpu_held_sync", "by a slower GPU"},
        {"train.gpu_held_other", "by its board"}}},
      {"Arithmetic in use",
       {{"train.mfu", "of the model (MFU)"}, {"train.hfu", "with recomputation (HFU)"}}},
      {"Energy an image", {{"train.joules_per_image", "joules"}}},
      {"Processors in use", {{"train.cpu_used", "this process"}, {"train.cpu_others", "others"}}},
      {"Held off the processors",
       {{"train.cpu_wait", "first thread waited"}, {"train.cpu_held", "quota used up"}}},
      {"Traffic",
       {{"train.disk_mib_s", "read from disk"},
        {"train.gpu_pcie_gib_s", "PCIe"},
        {"train.gpu_nvlink_gib_s", "NVLink"}}},
      {"Loader, time an image",
       {{"train.read_us", "read"},
        {"train.decode_us", "decode"},
        {"train.augment_us", "augment"},
        {"train.copy_us", "copy"}}},
      {"Calibration error", {{"val.ece", "expected"}}},
      {"Gradient noise scale", {{"train.noise_scale", "noise scale"}}, false},
  };
  return panels;
}

std::pair<std::string_view, std::string_view> split_of(std::string_view key) {
  const size_t dot = key.find('.');
  return {key.substr(0, dot), dot == std::string_view::npos ? "" : key.substr(dot + 1)};
}

const runs::Unit& unit_of_key(std::string_view key) {
  const auto [split, name] = split_of(key);
  return runs::unit_of(split, name);
}

void add_line(Panel& panel, std::string_view key, std::string_view name) {
  const runs::Unit& unit = unit_of_key(key);
  panel.unit = unit.chart;
  panel.keys.push_back({std::string(key), std::string(name), unit.chart_scale});
}

// A panel for what no other is for, unless its column is charted nowhere.
std::vector<Panel> panel_of(std::string_view key) {
  const auto [split, name] = split_of(key);
  if (split != "train" && split != "val") return {};
  const runs::Column* column = runs::find_column(split, name);
  if (column != nullptr && !column->is_charted) return {};
  Panel panel{.title = std::string(column != nullptr ? column->name : key)};
  add_line(panel, key, column != nullptr ? column->what : key);
  return {std::move(panel)};
}

}  // namespace

std::vector<Panel> panels_of(const std::set<std::string>& keys) {
  std::vector<Panel> panels;
  std::set<std::string> left = keys;
  for (const KnownPanel& known : known_panels()) {
    Panel panel{.title = std::string(known.title),
                .from_zero = known.from_zero,
                .has_events = known.has_events};
    for (const Line& line : known.lines)
      if (left.erase(std::string(line.key)) > 0) add_line(panel, line.key, line.name);
    if (!panel.keys.empty()) panels.push_back(std::move(panel));
  }
  for (const std::string& key : left)
    for (Panel& panel : panel_of(key)) panels.push_back(std::move(panel));
  return panels;
}

}  // namespace stoker::report
