// Successive halving (Jamieson and Talwalkar 2016) and its asynchronous form ASHA (Li et al. 2020):
// which settings go on to the next rung.
//
// A rung is a prefix of the full training: its schedule is laid over the full length and the run
// stops early, so that values of one rung compare and a survivor goes on from its checkpoint.
//
//   rung_shares(9, 3);                         // 1/9, 1/3, 1
//   const Decision decision = decide(progress, rules);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace stoker::search {

// Where each rung ends, as shares of the full length, for so many settings of which one in `eta`
// survives a rung; the last is 1. At least two rungs where there are at least two settings.
std::vector<double> rung_shares(int64_t settings, double eta);

struct HalvingRules {
  double eta = 3;
  bool lower_is_better = false;
  bool is_asynchronous = false;  // ASHA: promotes as soon as a setting is among the best so far
  int64_t rungs = 1;
};

struct SettingProgress {
  int64_t rung = 0;            // that it trains, is to train, or has trained last
  std::vector<double> values;  // at the rungs that it has ended
  bool is_out = false;         // failed, or eliminated before
};

// Indices, each in ascending order. Both are to be noted in one step: a decision goes by those that
// were made before.
struct Decision {
  std::vector<size_t> promoted;    // go on to their next rung
  std::vector<size_t> eliminated;  // have ended their rung and never will
};
Decision decide(std::span<const SettingProgress> settings, const HalvingRules& rules);

}  // namespace stoker::search
