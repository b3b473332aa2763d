#include <fmt/format.h>

#include <string>
#include <vector>

#include "stoker/core/output.h"
#include "stoker/core/shown.h"
#include "stoker/inspect/augment_sheet.h"
#include "stoker/run/build.h"
#include "stoker/run/load.h"
#include "torch_bodies.h"

namespace stoker::app {

// The samples of a training run as its network will see them.
ExitCode data_inspect_augmented(const DataLookArguments& arguments) {
  std::vector<std::string> overrides = arguments.overrides;
  if (!arguments.path.empty()) overrides.insert(overrides.begin(), arguments.path);
  for (const std::string& word : overrides)
    if (!is_override(word))
      throw ConfigError(fmt::format(
          "\"{}\" beside --augment is no key=value override; the data set is that of the config, "
          "and data.root=… names another",
          word));
  const std::string sheet = arguments.sheet.empty() ? "augment.png" : arguments.sheet;
  check_output("--sheet", sheet, OutputKind::kBinary);
  const auto loaded = run::load_run_config(arguments.augment_config, overrides);
  const train::Source source = run::open_source(loaded.options, data::Split::kTrain);
  const auto png = inspect::augment_sheet(source.dataset, source.pipelines, source.loader,
                                          {.samples = arguments.samples, .draws = arguments.draws});
  write_output("--sheet", sheet, png);
  if (!is_standard_output(sheet)) fmt::print("augmented samples: {}\n", shown(sheet));
  return ExitCode::kDone;
}

}  // namespace stoker::app
