// How a word of a sweep's command line or file is refused.
#pragma once

#include <string_view>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::search {

[[noreturn]] inline void refuse(std::string_view word, std::string_view problem) {
  throw ConfigError(fmt::format("sweep of `{}`: {}", shown(word), problem));
}

}  // namespace stoker::search
