// Reports as one HTML file each: nothing is fetched, scripts and pictures are within.
//
//   const RunRecord run = read_run("runs/a/1");
//   write_output("-o", "report.html", as_bytes(runs_page(std::span(&run, 1))));
//
// Names and messages may be any bytes: they stand in the page as text alone, and the page's own
// policy lets no script run but the one that is built in.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "stoker/report/run_record.h"

namespace stoker::report {

// One run in detail, or several side by side: curves laid over each other, the keys that differ,
// the best of each figure marked.
std::string runs_page(std::span<const RunRecord> runs);

// One run that is training, as the process that trains it serves it: lines are added as they come.
std::string live_page(const RunRecord& run);

// A sweep: its settings over time and metric, parallel coordinates, tables, curves of the best
// trials. Throws ConfigError for a folder that is no sweep's.
std::string sweep_page(const std::filesystem::path& sweep);

// The page of what these folders hold: runs, or one sweep. Throws ConfigError for a sweep beside
// others, and for what is neither.
std::string page_of(std::span<const std::filesystem::path> folders);

}  // namespace stoker::report
