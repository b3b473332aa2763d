// What the scripts of a report draw from, as JSON. For sources only: nlohmann's header is heavy.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "stoker/report/run_record.h"

namespace stoker::report {

// The short name of each run, which tells them apart: the end of its path that no other has.
std::vector<std::string> labels_of(std::span<const RunRecord> runs);

// {"runs": [{"label": "a/1", "axes": {"step": […], "epoch": […], "time_s": […]},
//            "series": {"train.loss": {"x": […], "y": […]}, …}, "events": […]}],
//  "panels": [{"title": "Loss", "unit": "", "keys": [{"key": "train.loss", "name": "training"}, …],
//              "from_zero": false, "events": false}]}
// Series are decimated, to a number of points that falls with the number of runs; those that are
// no number stand as null.
nlohmann::ordered_json curves_json(std::span<const RunRecord> runs);

// Six digits of a number, null for what is not finite.
nlohmann::ordered_json short_number(double value);

}  // namespace stoker::report
