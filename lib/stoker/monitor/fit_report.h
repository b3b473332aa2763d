// What `stoker doctor CONFIG` says, for a person and for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stoker/monitor/fit.h"

namespace stoker::monitor {

struct FitReport {
  Training training;
  std::optional<Fit> here;   // this machine's device
  std::string why_not_here;  // where it has none that the configuration asks for
  std::vector<Fit> gpus;
  std::optional<double> price_per_kwh, gco2_per_kwh;

  bool can_train_here() const { return here && here->can_train(); }
};

// Lines, each with its end.
std::string fit_text(const FitReport& report);

// {"training": {…}, "here": {…} or null, "gpus": […]}; ranges are two numbers, from and to.
std::string fit_json(const FitReport& report);

}  // namespace stoker::monitor
