// `stoker models`: the catalog, without LibTorch.
#include <fmt/format.h>

#include "bodies.h"
#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/zoo/listing.h"

namespace stoker::app {
namespace {

[[noreturn]] void refuse(const std::string& pattern) {
  std::vector<std::string_view> names;
  for (const zoo::CatalogEntry& entry : zoo::catalog()) names.push_back(entry.name);
  const std::string_view near = nearest(pattern, names);
  throw ConfigError(
      fmt::format("models: no name holds \"{}\"{}; `stoker models` lists all {}.", shown(pattern),
                  near.empty() ? "" : fmt::format(" (did you mean `{}`?)", near), names.size()));
}

}  // namespace

ExitCode list_models(const ModelsArguments& arguments) {
  const zoo::Models models = zoo::find_models(arguments.pattern);
  if (models.empty()) refuse(arguments.pattern);
  const auto page = arguments.json       ? zoo::models_json
                    : arguments.markdown ? zoo::models_markdown
                                         : zoo::models_text;
  fmt::print("{}", page(models));
  return ExitCode::kDone;
}

}  // namespace stoker::app
