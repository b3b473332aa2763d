// All that a run's folder says, read once, for reports. For sources only: nlohmann's header is
// heavy.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "stoker/runs/metrics_file.h"
#include "stoker/runs/overview.h"

namespace stoker::report {

// A configuration as its leaves in the order of the file: "train.epochs" and "6". An item of a list
// stands under its name, "augment.flip.probability", with a number behind it from the second of a
// name on ("augment.flip#2.probability").
using ConfigLeaves = std::vector<std::pair<std::string, std::string>>;

struct RunRecord {
  runs::RunOverview overview;
  ConfigLeaves config;
  std::vector<runs::MetricsRecord> metrics;
  // Objects; empty where there is no such file, or none that can be understood.
  nlohmann::ordered_json summary, environment;
  nlohmann::ordered_json evaluation;           // evaluation.json: the newest one in detail
  std::vector<nlohmann::ordered_json> events;  // lines of events.jsonl, objects
  std::string config_text;                     // config.yaml, each line with its origin
  std::string plan;                            // what log.txt printed of it when the run began last
  std::vector<std::string> warnings;           // of log.txt
  std::vector<int64_t> resumed_at;             // steps, by log.txt
  std::string batch;                           // batch.jpg, "" without one

  // The value of a key of the configuration, "" without one.
  std::string setting(std::string_view key) const;
};

// Throws ConfigError where the path is no run's folder. is_own: as of runs::read_overview().
RunRecord read_run(const std::filesystem::path& run, bool is_own = false);

// An empty object for a file that is not there, or that is no JSON object.
nlohmann::ordered_json read_json_object(const std::filesystem::path& path);

}  // namespace stoker::report
