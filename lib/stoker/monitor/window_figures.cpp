// What the figures of a window are called, how those of several ranks become one, and how they
// travel.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "stoker/monitor/window.h"

namespace stoker::monitor {

namespace {

bool is_summed(std::string_view name) {
  static constexpr std::array<std::string_view, 11> names{
      "gpu_memory_gib",   "gpu_power_w",    "gpu_power_limit_w", "gpu_pcie_gib_s",
      "gpu_nvlink_gib_s", "gpu_xid_errors", "gpu_ecc_corrected", "gpu_ecc_uncorrected",
      "cpu_used",         "rss_gib",        "disk_mib_s"};
  return std::ranges::count(names, name) > 0;
}

bool is_of_the_worst(std::string_view name) {
  return name == "gpu_temp_c" || name == "gpu_others_gib" || name == "gpu_pcie_busy";
}

}  // namespace

std::span<const Figure> figures() {
  using W = Window;
  static constexpr std::array<Figure, 32> list{{
      {"gpu_util", "1", "share of the time in which some kernel ran", &W::gpu_util},
      {"gpu_sm_busy", "1", "share of the multiprocessors that were busy", &W::gpu_sm_busy},
      {"gpu_occupancy", "1", "warps that were active, of the most", &W::gpu_occupancy},
      {"gpu_tensor", "1", "use of the tensor cores", &W::gpu_tensor},
      {"gpu_dram", "1", "use of the memory's bandwidth", &W::gpu_dram},
      {"gpu_memory_busy", "1", "share of the time in which memory was read or written",
       &W::gpu_memory_busy},
      {"gpu_memory_gib", "GiB", "memory in use by all processes", &W::gpu_memory_gib},
      {"gpu_others_gib", "GiB", "memory in use by other processes", &W::gpu_others_gib},
      {"gpu_power_w", "W", "power", &W::gpu_power_w},
      {"gpu_power_limit_w", "W", "limit of the power", &W::gpu_power_limit_w},
      {"gpu_temp_c", "C", "temperature", &W::gpu_temp_c},
      {"gpu_sm_mhz", "MHz", "clock of the multiprocessors", &W::gpu_sm_mhz},
      {"gpu_memory_mhz", "MHz", "clock of the memory", &W::gpu_memory_mhz},
      {"gpu_held_power", "1", "share of the time that the power limit held the clock down",
       &W::gpu_held_power},
      {"gpu_held_heat", "1", "share of the time that heat held the clock down", &W::gpu_held_heat},
      {"gpu_held_brake", "1", "share of the time that a power brake held the clock down",
       &W::gpu_held_brake},
      {"gpu_held_sync", "1", "share of the time that a slower GPU held the clock down",
       &W::gpu_held_sync},
      {"gpu_held_other", "1",
       "share of the time that the board, its voltage or a slow-down by hardware held the clock "
       "down",
       &W::gpu_held_other},
      {"gpu_pcie_gib_s", "GiB/s", "traffic on PCIe, both ways", &W::gpu_pcie_gib_s},
      {"gpu_pcie_busy", "1", "use of the PCIe link, in the direction that is used more",
       &W::gpu_pcie_busy},
      {"gpu_nvlink_gib_s", "GiB/s", "traffic on NVLink, both ways", &W::gpu_nvlink_gib_s},
      {"gpu_pcie_generation", "count", "generation of the PCIe link", &W::gpu_pcie_generation},
      {"gpu_pcie_width", "count", "lanes of the PCIe link", &W::gpu_pcie_width},
      {"gpu_ecc_corrected", "count",
       "memory errors that were corrected, since the driver was loaded", &W::gpu_ecc_corrected},
      {"gpu_ecc_uncorrected", "count", "memory errors that were not", &W::gpu_ecc_uncorrected},
      {"gpu_xid_errors", "count", "errors of the driver (XID) since the run began",
       &W::gpu_xid_errors},
      {"cpu_used", "count", "processors in use by this process", &W::cpu_used},
      {"cpu_others", "count", "processors in use by other processes", &W::cpu_others},
      {"cpu_wait", "1", "share of the time that the first thread waited for a processor",
       &W::cpu_wait},
      {"cpu_held", "1", "periods of the processor quota in which it was used up", &W::cpu_held},
      {"rss_gib", "GiB", "resident memory of this process", &W::rss_gib},
      {"disk_mib_s", "MiB/s", "read from storage", &W::disk_mib_s},
  }};
  return list;
}

Window combined(std::span<const Window> ranks) {
  Window all;
  for (const Window& rank : ranks) {
    all.samples += rank.samples;
    all.is_lost = all.is_lost || rank.is_lost;
    all.is_of_module = all.is_of_module || rank.is_of_module;
    if (rank.last_xid) all.last_xid = rank.last_xid;
    all.reasons |= rank.reasons;
  }
  for (const Figure& figure : figures()) {
    double sum = 0, most = 0, count = 0;
    for (const Window& rank : ranks) {
      const auto value = rank.*figure.value;
      if (!value) continue;
      most = count == 0 ? *value : std::max(most, *value);
      sum += *value;
      ++count;
    }
    if (count == 0) continue;
    all.*figure.value = is_of_the_worst(figure.name) ? most
                        : is_summed(figure.name)     ? sum
                                                     : sum / count;
  }
  return all;
}

std::string window_json(const Window& window) {
  nlohmann::ordered_json json{{"samples", window.samples},
                              {"lost", window.is_lost},
                              {"of_module", window.is_of_module},
                              {"reasons", window.reasons}};
  if (window.last_xid) json["xid"] = *window.last_xid;
  for (const Figure& figure : figures()) {
    if (const auto value = window.*figure.value) json[std::string(figure.name)] = *value;
  }
  return json.dump();
}

Window window_from_json(std::string_view text) {
  Window window;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return window;
  const auto number = [&](const std::string& key) -> std::optional<double> {
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? std::optional(found->get<double>())
                                                     : std::nullopt;
  };
  window.samples = static_cast<int64_t>(number("samples").value_or(0));
  window.reasons = static_cast<uint64_t>(number("reasons").value_or(0));
  const auto flag = [&](const std::string& key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_boolean() && found->get<bool>();
  };
  window.is_lost = flag("lost");
  window.is_of_module = flag("of_module");
  if (const auto xid = number("xid")) window.last_xid = static_cast<int64_t>(*xid);
  for (const Figure& figure : figures()) window.*figure.value = number(std::string(figure.name));
  return window;
}

}  // namespace stoker::monitor
