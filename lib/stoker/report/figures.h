// What a run comes to, as figures that runs are compared by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stoker/report/run_record.h"

namespace stoker::report {

enum class Unit { kNumber, kShare, kRate, kSeconds, kBytes, kJoules, kKilowattHours, kGrams };
enum class Better { kNeither, kHigher, kLower };

struct Figure {
  std::string name;  // "val.top1", "images_per_s"
  double value = 0;
  Unit unit = Unit::kNumber;
  Better better = Better::kNeither;
};

// Of the last evaluation, of the best one by the metric that the run is measured by, and of its
// speed, memory and energy; those that the run has.
std::vector<Figure> figures_of(const RunRecord& run);

std::string value_text(double value, Unit unit);  // "91.20%", "742 img/s", "3 min 20 s"

// How values of a metric are shown: "val.top1" is a share.
Unit unit_of(std::string_view metric);

}  // namespace stoker::report
