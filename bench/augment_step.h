// Steps of `augment:` without a config.
#pragma once

#include <string_view>
#include <utility>

#include "stoker/augment/pipeline.h"

namespace stoker::bench {

template <class Options>
config::Choice step(std::string_view name, Options options) {
  config::Choice choice = augment::augmentations().pick(name);
  choice.as<Options>() = std::move(options);
  return choice;
}

}  // namespace stoker::bench
