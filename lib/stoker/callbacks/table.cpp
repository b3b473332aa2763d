#include "stoker/callbacks/table.h"

#include "stoker/callbacks/console.h"
#include "stoker/callbacks/data_wait.h"
#include "stoker/callbacks/evaluation_file.h"
#include "stoker/callbacks/events_file.h"
#include "stoker/callbacks/interrupt_notice.h"
#include "stoker/callbacks/machine_notices.h"
#include "stoker/callbacks/metrics_log.h"
#include "stoker/callbacks/mlflow.h"
#include "stoker/callbacks/run_events.h"
#include "stoker/callbacks/said.h"
#include "stoker/callbacks/tensorboard.h"
#include "stoker/callbacks/verdict_watch.h"

namespace stoker::callbacks {

std::vector<std::unique_ptr<train::Callback>> make_callbacks(FileSystem& files,
                                                             const LogOptions& options,
                                                             const RunFacts& facts,
                                                             const std::filesystem::path& folder) {
  std::vector<std::unique_ptr<train::Callback>> list;
  const auto said = std::make_shared<Said>();
  const auto events = std::make_shared<EventsFile>(files, folder);
  list.push_back(make_console(options));
  list.push_back(make_interrupt_notice(folder));
  list.push_back(make_data_wait_watch({.keeps_decoded = facts.keeps_decoded}, said));
  list.push_back(make_machine_notices({.has_energy_budget = facts.has_energy_budget}));
  list.push_back(make_metrics_log(files, folder, {.csv = options.csv}));
  if (options.tensorboard) {
    list.push_back(make_tensorboard(files, options, facts.normalization, facts.overrides, folder));
  }
  list.push_back(make_run_events(events));
  list.push_back(make_verdict_watch(
      events, {.ranks = facts.ranks, .faster_precision = facts.faster_precision}, said));
  if (options.evaluation) {
    list.push_back(make_evaluation_file(files,
                                        {.images = facts.val_images,
                                         .max_pixels = facts.max_pixels,
                                         .normalization = facts.normalization},
                                        folder));
  }
  if (!options.mlflow.empty()) list.push_back(make_mlflow(files, options.mlflow, folder));
  return list;
}

}  // namespace stoker::callbacks
