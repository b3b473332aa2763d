#include <utility>

#include "data_pack.h"
#include "stoker/data/table.h"
#include "stoker/run/load.h"
#include "torch_bodies.h"

namespace stoker::app {

ExitCode data_pack_config(const PackArguments& asked) {
  PackArguments arguments = asked;
  const run::RunConfig config = run::load_run_config(arguments.source, arguments.overrides).options;
  data::DataOptions data = config.data;
  data.cache = data::Cache::kNone;
  arguments.options.on_error = data.on_error;
  arguments.options.limits = data::decode_limits(data);
  if (data.threads) arguments.options.threads = int(*data.threads);
  return write_pack(std::move(arguments),
                    {{"train", data::open_dataset(data, data::Split::kTrain)},
                     {"val", data::open_dataset(data, data::Split::kVal)}},
                    {.bar = config.log.progress, .elsewhere = true});
}

}  // namespace stoker::app
