// What every model asks of the data before it is built.
#pragma once

#include <algorithm>
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

// Throws ConfigError for images whose height or width is no multiple of `step` pixels.
inline void check_multiple(std::string_view model, const ModelContext& context, int64_t step) {
  if (context.height % step == 0 && context.width % step == 0) return;
  const auto nearest = [step](int64_t side) {
    return std::max(step, (side + step / 2) / step * step);
  };
  throw ConfigError(fmt::format(
      "model {}: needs images whose height and width are multiples of {}, got {} x {}. Make them "
      "{} x {} under augment.",
      model, step, context.height, context.width, nearest(context.height), nearest(context.width)));
}

}  // namespace stoker::models
