// Whether a run goes on bit for bit: trains the steps between two of its checkpoints again, without
// writing anything, and compares what comes out with the second one.
//
//   ResumeCheck check = check_resumption("runs/cifar10/1", {});
//   if (!check.differences.empty()) …
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace stoker::jobs {

struct ResumeCheck {
  std::filesystem::path from;  // empty: the start of the run
  std::filesystem::path to;
  int64_t from_step = 0;
  int64_t to_step = 0;
  int64_t tensors = 0;       // compared, of `to`
  int64_t metric_lines = 0;  // compared, of metrics.jsonl
  std::vector<std::string> differences;
  std::vector<std::string> cautions;  // why differences may be no defect
  double time_s = 0;                  // of the training
};

// path: a run's folder, which means its two newest checkpoints (the start of the run and its
// checkpoint where it has one); or a checkpoint, which means that one and the next. overrides
// change the configuration (device=cpu, data.root=…). Throws ConfigError, DataError, and
// Interrupted.
ResumeCheck check_resumption(const std::filesystem::path& path,
                             std::span<const std::string> overrides);

}  // namespace stoker::jobs
