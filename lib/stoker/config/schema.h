// JSON Schema (2020-12) of described options, for editors and for other validators.
//
//   json_schema(fields, "stoker configuration");
//
// It holds for one file: `extends` may stand at the top, and what a file may leave to the one that
// it extends is not required. Bare names (`optimizer: sgd`) and `name` with options both pass.
#pragma once

#include <string>
#include <string_view>

#include "stoker/config/fields.h"

namespace stoker::config {

std::string json_schema(const Fields& fields, std::string_view title);

}  // namespace stoker::config
