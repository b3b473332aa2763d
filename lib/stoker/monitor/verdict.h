// What a run waits for, and what to change: from measured facts alone.
//
//   const Verdict verdict = judge(facts);
//   log().info("{}. {}", verdict.text, verdict.advice);
//
// Of all that takes time, what takes most of it is named, from a tenth of the time on; where
// nothing does, what the device itself is bound by.
#pragma once

#include <string>

#include "stoker/monitor/facts.h"

namespace stoker::monitor {

struct Verdict {
  // too_short, data, evaluation, checkpoints, slow_rank, exchange, quota, oversubscribed, heat,
  // power_brake, slowdown, power_limit, other_process, pcie, launch, memory, compute, unclear
  std::string kind;
  std::string text;    // one sentence with figures, without its full stop
  std::string advice;  // what to change, with the key of the configuration; may be empty
};

// "training waits for images 34% of the time: raise data.threads"
std::string verdict_text(const Verdict& verdict);

// Below this many seconds nothing is judged.
inline constexpr double kJudgedFrom_s = 2;

Verdict judge(const Facts& facts);

}  // namespace stoker::monitor
