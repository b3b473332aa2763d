// The names of a run's files, each said once.
//
//   runs/<name>/<number>/
//     config.yaml environment.json weights.json log.txt metrics.jsonl metrics.csv summary.json
//     checkpoints/
//       step-00001200/
//         model.safetensors optimizer.safetensors state.json config.yaml manifest.json
//       latest best   the names of two of them
//       set-aside/    what a resumed run went back behind
#pragma once

#include <filesystem>

namespace stoker::runs {

inline constexpr const char* kConfigFile = "config.yaml";  // of a run, and of each checkpoint
inline constexpr const char* kEnvironmentFile = "environment.json";
inline constexpr const char* kWeightsFile = "weights.json";
inline constexpr const char* kLogFile = "log.txt";
inline constexpr const char* kMetricsFile = "metrics.jsonl";
inline constexpr const char* kMetricsTable = "metrics.csv";
inline constexpr const char* kSummaryFile = "summary.json";
inline constexpr const char* kEventsFile = "events.jsonl";
inline constexpr const char* kEvaluationFile = "evaluation.json";
inline constexpr const char* kBatchPicture = "batch.jpg";
inline constexpr const char* kReportFile = "report.html";
inline constexpr const char* kCheckpointsFolder = "checkpoints";

inline constexpr const char* kModelFile = "model.safetensors";
inline constexpr const char* kOptimizerFile = "optimizer.safetensors";
inline constexpr const char* kStateFile = "state.json";
inline constexpr const char* kManifestFile = "manifest.json";

inline constexpr const char* kStepPrefix = "step-";
// A checkpoint that makes room for another of its step; it counts until that one is in place.
inline constexpr const char* kReplacedPrefix = ".replaced-step-";
inline constexpr const char* kLatest = "latest";
inline constexpr const char* kBest = "best";
inline constexpr const char* kSetAside = "set-aside";

// Whether this is a checkpoint's folder; whether it is whole is not looked at.
bool is_checkpoint(const std::filesystem::path& path);

// Whether a run's folder holds a checkpoint to go on from.
bool has_checkpoint(const std::filesystem::path& run);

}  // namespace stoker::runs
