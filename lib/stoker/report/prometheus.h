// What a run logged last, in Prometheus's text format (version 0.0.4): names with base units,
// counters with _total, a HELP and a TYPE for each.
//
//   # HELP stoker_images_per_second images a second since the log line before
//   # TYPE stoker_images_per_second gauge
//   stoker_images_per_second{run="runs/a/1"} 742.5
#pragma once

#include <string>
#include <string_view>

#include "stoker/runs/metrics_file.h"

namespace stoker::report {

inline constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

struct Exposition {
  std::string run;                  // its folder: the label of every figure
  std::string version;              // of stoker
  runs::MetricsRecord train, eval;  // the newest of each; empty: none yet
};

// What is not finite or not known is left out.
std::string prometheus_text(const Exposition& exposition);

}  // namespace stoker::report
