// What a rank tells the first one at a log line of its device and its time.
//
//   for (const std::string& text : group.collect(to_json(own)))
//   reports.push_back(rank_report(text));
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stoker/monitor/energy.h"
#include "stoker/monitor/window.h"

namespace stoker::train {

struct RankReport {
  monitor::Window window;
  // Since the log line before, of steps; and all that has been measured since this rank's last
  // report.
  monitor::EnergyTotals of_steps, undelivered;
  std::string gpu, why_no_gpu;        // as monitor::SamplerStatus has them
  std::optional<double> peak_tflops;  // of its device; none: not known
  double works = 1;                   // share of the steps' time that did not wait for other ranks
  int usable_cpus = 0;
};

std::string to_json(const RankReport& report);
// What cannot be understood is not there; throws nothing.
RankReport rank_report(std::string_view json);

}  // namespace stoker::train
