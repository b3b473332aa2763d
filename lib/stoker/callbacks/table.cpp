#include "stoker/callbacks/table.h"

#include "stoker/callbacks/console.h"
#include "stoker/callbacks/metrics_log.h"
#include "stoker/callbacks/tensorboard.h"

namespace stoker::callbacks {

std::vector<std::unique_ptr<train::Callback>> make_callbacks(const LogOptions& options,
                                                             const std::filesystem::path& folder) {
  std::vector<std::unique_ptr<train::Callback>> list;
  list.push_back(make_console(options));
  list.push_back(make_metrics_log(folder / "metrics.jsonl"));
  if (options.tensorboard) list.push_back(make_tensorboard(folder));
  return list;
}

}  // namespace stoker::callbacks
