// What several optimizers refuse.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "stoker/core/error.h"

namespace stoker::optim {

// Throws ConfigError for the decay of an average that would never move.
inline void check_decay(std::string_view name, double decay) {
  if (decay < 1) return;
  throw ConfigError(fmt::format(
      "optimizer.{}: {} leaves the mean at zero for ever; it must be below 1.", name, decay));
}

}  // namespace stoker::optim
