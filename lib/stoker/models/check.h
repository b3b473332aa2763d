// What every model asks of the data before it is built.
#pragma once

#include <string_view>

#include "stoker/core/error.h"
#include "stoker/models/model.h"

namespace stoker::models {

struct SmallestImage {
  int64_t height = 1;
  int64_t width = 1;
};

// Throws ConfigError for fewer than one class or channel, or images below `smallest`.
inline void check_context(std::string_view model, const ModelContext& context,
                          const SmallestImage& smallest) {
  if (context.classes < 1)
    throw ConfigError(fmt::format(
        "model {}: needs at least 1 class, the data has {}. Check data.root and data.train.", model,
        context.classes));
  if (context.channels < 1)
    throw ConfigError(fmt::format("model {}: needs images of at least 1 channel, got {}.", model,
                                  context.channels));
  if (context.height < smallest.height || context.width < smallest.width)
    throw ConfigError(fmt::format(
        "model {}: needs images of at least {} x {} pixels (height x width), got {} x {}. Enlarge "
        "them under augment, or choose another model.",
        model, smallest.height, smallest.width, context.height, context.width));
}

}  // namespace stoker::models
