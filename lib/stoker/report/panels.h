// Which figures of metrics.jsonl are drawn together, under which title and in which unit.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace stoker::report {

struct PanelKey {
  std::string key;   // "val.top1": the split and the figure
  std::string name;  // in the legend
  double scale = 1;  // times the figure, to be in the panel's unit
};

struct Panel {
  std::string title;
  std::string unit;  // as charts.js shows it: share, bytes, s, img/s, or a unit's own letters
  std::vector<PanelKey> keys;
  bool from_zero = false;
  bool has_events = false;  // checkpoints, evaluations and resumes are marked below it
};

// Those that some of the keys are of, with these keys alone, in the units of runs/columns.h. What
// no panel is for gets one of its own, after the others, where its column is charted or none is
// known.
std::vector<Panel> panels_of(const std::set<std::string>& keys);

}  // namespace stoker::report
