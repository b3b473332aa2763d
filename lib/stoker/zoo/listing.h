// The catalog as a table for a terminal, as JSON, and as docs/models.md.
#pragma once

#include <string>
#include <vector>

#include "stoker/zoo/catalog.h"

namespace stoker::zoo {

using Models = std::vector<const CatalogEntry*>;

std::string models_text(const Models& models);
// {"models": [{"name": …, "parameters": …, …}]}
std::string models_json(const Models& models);
std::string models_markdown(const Models& models);

}  // namespace stoker::zoo
