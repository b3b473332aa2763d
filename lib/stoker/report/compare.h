// Runs side by side: the keys of their configurations that differ, what they came to, and, for
// settings that were trained with several seeds, the spread.
//
//   const Comparison comparison = compare({read_run("runs/a/1"), read_run("runs/b/1")});
//   fmt::print("{}", compare_text(comparison));
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stoker/report/figures.h"
#include "stoker/report/run_record.h"
#include "stoker/search/statistics.h"

namespace stoker::report {

struct DifferingKey {
  std::string key;
  std::vector<std::optional<std::string>> values;  // one a run; nothing where it has no such key
};

struct ComparedFigure {
  std::string name;
  Unit unit = Unit::kNumber;
  Better better = Better::kNeither;
  std::vector<std::optional<double>> values;  // one a run
  std::optional<size_t> best;  // of them; none where it is no matter, or all are equal
};

// Runs whose configurations differ in the seed alone.
struct ComparedSetting {
  std::vector<std::pair<std::string, std::string>> values;  // of the keys that settings differ in
  std::vector<size_t> runs;
  std::vector<search::Spread> figures;  // in the order of the comparison's; count 0: not measured
};

struct Comparison {
  std::vector<runs::RunOverview> runs;
  std::vector<DifferingKey> keys;  // without name and run.dir, which say where and not what
  std::vector<ComparedFigure> figures;
  std::vector<ComparedSetting> settings;  // in the order of their first runs
};

Comparison compare(std::span<const RunRecord> runs);

std::string compare_text(const Comparison& comparison);

// {"runs": [{"path": "runs/a/1", "state": "finished"}, …],
//  "differing": {"optimizer.lr": ["0.1", "0.4"]},
//  "figures": {"val.top1": {"better": "higher", "values": [0.91, 0.93], "best": 1}, …},
//  "settings": [{"values": {"optimizer.lr": "0.1"}, "runs": [0],
//                "figures": {"val.top1": {"count": 1, "mean": 0.91, "deviation": null}, …}}, …]}
std::string compare_json(const Comparison& comparison);

}  // namespace stoker::report
