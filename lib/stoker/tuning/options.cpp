#include "stoker/tuning/options.h"

#include <array>

namespace stoker::tuning {

std::span<const std::string_view> enum_names(LrRule) {
  static constexpr std::array<std::string_view, 3> kNames{"linear", "sqrt", "none"};
  return kNames;
}

void describe(TuneOptions& o, config::Fields& fields) {
  fields("base_batch_size", o.base_batch_size,
         "the batch that optimizer.lr was chosen for: where the effective batch is another, the "
         "rate follows by lr_rule, and the plan says so")
      .unset_as("none")
      .in(1, 1e9)
      .fixed_on_resume("the learning rate depends on it");
  fields("lr_rule", o.lr_rule,
         "how the learning rate follows the batch: linear (as for SGD), sqrt (as for Adam and "
         "AdamW), or none")
      .fixed_on_resume("the learning rate depends on it");
}

}  // namespace stoker::tuning
