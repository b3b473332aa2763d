#include "stoker/callbacks/mlflow.h"

#include <spdlog/spdlog.h>

#include "stoker/callbacks/metrics_log.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/report/mlflow_store.h"
#include "stoker/report/run_record.h"

namespace stoker::callbacks {

namespace {

report::MlflowOptions options_of(const std::filesystem::path& folder) {
  const report::RunRecord run = report::read_run(folder);
  return {.experiment = run.overview.name, .run = folder, .params = run.config};
}

class Mlflow : public train::Callback {
 public:
  Mlflow(FileSystem& files, const std::filesystem::path& store, const std::filesystem::path& folder)
      : run_(files, store, options_of(folder)) {}

  void observe(train::Event event, const train::View& view) override {
    if (has_failed_) return;
    try {
      if (event == train::Event::kFitStart) run_.rewind(view.state.position.step);
      if (const auto line = metrics_line(event, view.state)) run_.log(*line);
      if (event == train::Event::kFitDone && view.ending != nullptr) run_.end(view.ending->reason);
    } catch (const FileError& error) {
      has_failed_ = true;
      log().warn("nothing more goes to MLflow's folder (log.mlflow): {}", error.what());
    }
  }

 private:
  report::MlflowRun run_;
  bool has_failed_ = false;
};

}  // namespace

std::unique_ptr<train::Callback> make_mlflow(FileSystem& files, const std::filesystem::path& store,
                                             const std::filesystem::path& folder) {
  return std::make_unique<Mlflow>(files, store, folder);
}

}  // namespace stoker::callbacks
