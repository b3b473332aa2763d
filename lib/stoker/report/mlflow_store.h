// A run in a folder of MLflow's (its file store), for `mlflow ui --backend-store-uri` and the
// mlflow package: parameters, metrics by step, tags, how it ended.
//
//   MlflowRun run("mlruns", {.experiment = "cifar10", .run = "runs/cifar10/1", .params = leaves});
//   run.rewind(step);   // of one that goes on
//   run.log(line);      // as it is written to metrics.jsonl
//   run.end("finished");
//
//   mlruns/<experiment>/meta.yaml
//   mlruns/<experiment>/<run>/meta.yaml params/ metrics/ tags/ artifacts/
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::report {

struct MlflowOptions {
  std::string experiment;     // the configuration's name
  std::filesystem::path run;  // its folder, which keeps MLflow's number of it, so that it is one
                              // run there however often it goes on
  std::vector<std::pair<std::string, std::string>> params;
};

class MlflowRun {
 public:
  // Makes what is missing. All throw FileError.
  MlflowRun(FileSystem& files, const std::filesystem::path& store, const MlflowOptions& options);

  // Drops what was logged of later steps.
  void rewind(int64_t step);
  // The numbers of a line of metrics.jsonl, as "train.loss"; of other lines nothing.
  void log(std::string_view line);
  // reason: as summary.json has it.
  void end(std::string_view reason);

  const std::filesystem::path& folder() const { return folder_; }

 private:
  void write_meta(int64_t status, bool has_ended);

  FileSystem& files_;
  std::filesystem::path folder_;
  std::string experiment_id_, run_id_, name_;
  int64_t start_ms_ = 0;
};

}  // namespace stoker::report
