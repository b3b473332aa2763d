// What a run waited for, afterwards and from its folder alone: `stoker doctor RUN`.
//
//   const Diagnosis diagnosis = diagnose("runs/cifar10/1");
//   diagnosis.verdict.text;    // "training waits for images 62% of the time; …"
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stoker/monitor/facts.h"
#include "stoker/monitor/verdict.h"
#include "stoker/report/run_record.h"
#include "stoker/runs/overview.h"

namespace stoker::report {

struct Diagnosis {
  runs::RunOverview run;
  monitor::Facts facts;  // of all log lines but the first of each process, which warms up
  monitor::Verdict verdict;
  std::vector<std::string> notes;  // what else is worth knowing, a sentence each
};

// Of a run in any state. Throws ConfigError where the path is no run's folder.
Diagnosis diagnose(const std::filesystem::path& run);
Diagnosis diagnose(RunRecord run);

std::string diagnosis_text(const Diagnosis& diagnosis);
// {"run", "state", "reason", "verdict": {"kind", "text", "advice"}, "time": {…}, "figures": {…},
// "notes": […]}
std::string diagnosis_json(const Diagnosis& diagnosis);

}  // namespace stoker::report
