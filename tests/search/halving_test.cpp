#include "stoker/search/halving.h"

#include <functional>

#include "support/catch.h"

using namespace stoker::search;
using Indices = std::vector<size_t>;

namespace {

// Trains whatever is to be trained, `at_once` settings at a time in their order; returns the share
// of a full training that each has seen.
std::vector<double> play(int64_t count, const HalvingRules& rules, size_t at_once,
                         const std::function<double(size_t, int64_t)>& value) {
  const auto shares = rung_shares(count, rules.eta);
  std::vector<SettingProgress> settings(static_cast<size_t>(count));
  std::vector<double> trained(static_cast<size_t>(count));
  for (int round = 0; round < 1000; ++round) {
    size_t started = 0;
    // Those of a higher rung first, as the coordinator takes them.
    for (int64_t rung = rules.rungs - 1; rung >= 0; --rung) {
      for (size_t i = 0; i < settings.size() && started < at_once; ++i) {
        SettingProgress& setting = settings[i];
        if (setting.rung != rung || setting.is_out || std::ssize(setting.values) > rung) continue;
        setting.values.push_back(value(i, rung));
        trained[i] = shares[static_cast<size_t>(rung)];
        ++started;
      }
    }
    const Decision decision = decide(settings, rules);
    for (const size_t i : decision.promoted) ++settings[i].rung;
    for (const size_t i : decision.eliminated) settings[i].is_out = true;
    if (started == 0 && decision.promoted.empty()) break;
  }
  return trained;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

}  // namespace

TEST_CASE("rungs are the shares of a full training that one in eta survives") {
  CHECK(rung_shares(9, 3) == std::vector<double>{1.0 / 9, 1.0 / 3, 1});
  CHECK(rung_shares(8, 2) == std::vector<double>{0.125, 0.25, 0.5, 1});
  CHECK(rung_shares(2, 3) == std::vector<double>{1.0 / 3, 1});
  CHECK(rung_shares(1, 3) == std::vector<double>{1});
}

TEST_CASE("27 settings by threes cost 4 of 27 full trainings and the best is among the last") {
  const HalvingRules rules{.eta = 3, .rungs = 4};
  const auto value = [](size_t i, int64_t) { return static_cast<double>(i == 5 ? 100 : i); };
  const auto trained = play(27, rules, 27, value);
  // Rungs of 27, 9, 3 and 1 settings; each adds what its share is beyond the one before.
  CHECK(sum(trained) == Approx(27.0 / 27 + 9 * 2.0 / 27 + 3 * 6.0 / 27 + 18.0 / 27));
  CHECK(trained[5] == 1);
  CHECK(play(27, rules, 1, value) == trained);
}

TEST_CASE("a rung waits for all of its settings unless it is asynchronous") {
  std::vector<SettingProgress> settings(3);
  settings[0].values = {0.5};
  settings[1].values = {0.7};
  HalvingRules rules{.eta = 2, .rungs = 2};
  CHECK(decide(settings, rules).promoted.empty());
  rules.is_asynchronous = true;
  CHECK(decide(settings, rules).promoted == Indices{1});
  CHECK(decide(settings, rules).eliminated.empty());
  settings[2].is_out = true;  // failed
  rules.is_asynchronous = false;
  CHECK(decide(settings, rules).promoted == Indices{1});
  CHECK(decide(settings, rules).eliminated == Indices{0});
}

TEST_CASE("ASHA with one worker promotes survivors later and ends with one full training") {
  const HalvingRules rules{.eta = 3, .is_asynchronous = true, .rungs = 3};
  const auto value = [](size_t i, int64_t) { return static_cast<double>(i); };
  const auto trained = play(9, rules, 1, value);
  CHECK(trained[8] == 1);
  for (const double share : trained) CHECK(share > 0);
}

TEST_CASE("lower is better where the metric says so, and what is not finite is worst") {
  std::vector<SettingProgress> settings(3);
  settings[0].values = {std::nan("")};
  settings[1].values = {0.3};
  settings[2].values = {0.2};
  const HalvingRules rules{.eta = 3, .lower_is_better = true, .rungs = 2};
  CHECK(decide(settings, rules).promoted == Indices{2});
  CHECK(decide(settings, rules).eliminated == Indices{0, 1});
}

TEST_CASE("a decision that was noted is not made again") {
  std::vector<SettingProgress> settings(4);
  for (size_t i = 0; i < 4; ++i) settings[i].values = {static_cast<double>(i)};
  const HalvingRules rules{.eta = 2, .rungs = 3};
  const Decision first = decide(settings, rules);
  CHECK(first.promoted == Indices{2, 3});
  for (const size_t i : first.promoted) ++settings[i].rung;
  for (const size_t i : first.eliminated) settings[i].is_out = true;
  CHECK(decide(settings, rules).promoted.empty());
  settings[2].values.push_back(5);
  settings[3].values.push_back(4);
  CHECK(decide(settings, rules).promoted == Indices{2});
}
