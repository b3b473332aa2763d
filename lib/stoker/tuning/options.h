// What a config says under `tune:`.
#pragma once

#include <optional>
#include <span>

#include "stoker/config/fields.h"

namespace stoker::tuning {

enum class LrRule { kLinear, kSqrt, kNone };
std::span<const std::string_view> enum_names(LrRule);  // linear, sqrt, none

struct TuneOptions {
  std::optional<int64_t> base_batch_size;  // that the rate was chosen for; unset: rate as it is
  LrRule lr_rule = LrRule::kLinear;
};
void describe(TuneOptions& options, config::Fields& fields);

}  // namespace stoker::tuning
