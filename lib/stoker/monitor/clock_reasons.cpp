#include "stoker/monitor/clock_reasons.h"

#include <array>
#include <string_view>

#include "stoker/monitor/nvml_api.h"

namespace stoker::monitor {

std::vector<std::string> clock_reasons(uint64_t bits) {
  struct Reason {
    uint64_t bit;
    std::string_view words;
  };
  static constexpr std::array<Reason, 8> reasons{
      {{nvml::kReasonPowerCap, "its power limit"},
       {nvml::kReasonHeat, "heat"},
       {nvml::kReasonHeatHw, "heat, by hardware"},
       {nvml::kReasonPowerBrake, "a power brake from outside"},
       {nvml::kReasonHwSlowdown, "a slow-down by hardware"},
       {nvml::kReasonSyncBoost, "a slower GPU of its sync boost group"},
       {nvml::kReasonBoardLimit, "a limit of its board"},
       {nvml::kReasonReliability, "the voltage that it can rely on"}}};
  std::vector<std::string> words;
  for (const Reason& reason : reasons) {
    // The general bit comes with each of the particular ones.
    constexpr uint64_t kParticular = nvml::kReasonHeatHw | nvml::kReasonPowerBrake;
    if (reason.bit == nvml::kReasonHwSlowdown && (bits & kParticular) != 0) continue;
    if ((bits & reason.bit) != 0) words.emplace_back(reason.words);
  }
  return words;
}

}  // namespace stoker::monitor
