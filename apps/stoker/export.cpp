#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/jobs/export_weights.h"
#include "torch_bodies.h"

namespace stoker::app {

namespace {

void print(const jobs::ExportedWeights& exported, const ExportArguments& arguments) {
  fmt::print("{} tensors of {}, {}, in {}\n", exported.tensors, shown(exported.checkpoint.string()),
             human_bytes(exported.size_bytes), shown(arguments.file));
  if (arguments.fold) fmt::print("folded     {} parts\n", exported.folded);
  fmt::print("loads into {}{}, {} classes\n",
             arguments.names == "torchvision" ? "torchvision.models." : "", exported.network,
             exported.class_names.size());
}

nlohmann::ordered_json to_json(const jobs::ExportedWeights& exported,
                               const ExportArguments& arguments) {
  return {{"checkpoint", exported.checkpoint.string()},
          {"file", arguments.file},
          {"names", arguments.names},
          {"network", exported.network},
          {"classes", exported.class_names},
          {"tensors", exported.tensors},
          {"folded", exported.folded},
          {"size_bytes", exported.size_bytes}};
}

}  // namespace

ExitCode export_weights(const ExportArguments& arguments) {
  const bool torchvision = arguments.names == "torchvision";
  const jobs::ExportedWeights exported = jobs::export_weights(
      arguments.checkpoint, arguments.file, arguments.overrides,
      {.names = torchvision ? jobs::ExportNames::kTorchvision : jobs::ExportNames::kTimm,
       .fold = arguments.fold});
  if (arguments.json)
    fmt::print("{}\n", json_text(to_json(exported, arguments), 2));
  else
    print(exported, arguments);
  return ExitCode::kDone;
}

}  // namespace stoker::app
