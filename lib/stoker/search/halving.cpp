#include "stoker/search/halving.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stoker::search {

namespace {

bool has_value(const SettingProgress& setting, int64_t rung) {
  return std::ssize(setting.values) > rung;
}

// Nobody is at the rung, or on the way to it, who could still bring a value.
bool is_complete(std::span<const SettingProgress> settings, int64_t rung) {
  return std::ranges::all_of(settings, [&](const SettingProgress& setting) {
    return setting.rung > rung || setting.is_out ||
           (setting.rung == rung && has_value(setting, rung));
  });
}

// Those with a value at the rung, the best first; equal ones in their order.
std::vector<size_t> ranked(std::span<const SettingProgress> settings, int64_t rung,
                           bool lower_is_better) {
  std::vector<size_t> order;
  for (size_t i = 0; i < settings.size(); ++i)
    if (has_value(settings[i], rung)) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](size_t i) {
    const double value = settings[i].values[static_cast<size_t>(rung)];
    if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
    return lower_is_better ? value : -value;
  });
  return order;
}

int64_t one_in(double eta, int64_t count) {
  return static_cast<int64_t>(static_cast<double>(count) / eta + 1e-9);
}

}  // namespace

std::vector<double> rung_shares(int64_t settings, double eta) {
  const auto halvings = static_cast<int64_t>(
      std::log(static_cast<double>(std::max<int64_t>(settings, 1))) / std::log(eta) + 1e-9);
  const int64_t rungs = settings < 2 ? 1 : 1 + std::max<int64_t>(halvings, 1);
  std::vector<double> shares;
  for (int64_t rung = 0; rung < rungs; ++rung)
    shares.push_back(std::pow(eta, static_cast<double>(rung + 1 - rungs)));
  return shares;
}

Decision decide(std::span<const SettingProgress> settings, const HalvingRules& rules) {
  Decision decision;
  for (int64_t rung = 0; rung + 1 < rules.rungs; ++rung) {
    const bool complete = is_complete(settings, rung);
    if (!complete && !rules.is_asynchronous) break;
    const std::vector<size_t> order = ranked(settings, rung, rules.lower_is_better);
    const auto entered = std::ranges::count_if(
        settings, [&](const SettingProgress& setting) { return setting.rung >= rung; });
    const int64_t quota = complete ? std::max<int64_t>(1, one_in(rules.eta, entered))
                                   : one_in(rules.eta, std::ssize(order));
    for (int64_t place = 0; place < std::ssize(order); ++place) {
      const size_t i = order[static_cast<size_t>(place)];
      if (settings[i].rung != rung || settings[i].is_out) continue;
      if (place < quota) {
        decision.promoted.push_back(i);
      } else if (complete) {
        decision.eliminated.push_back(i);
      }
    }
  }
  std::ranges::sort(decision.promoted);
  std::ranges::sort(decision.eliminated);
  return decision;
}

}  // namespace stoker::search
