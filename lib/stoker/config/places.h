// The place in a file of a mistake that shows only when something is built: a warmup longer than
// the run, a list that is too long for one pass.
//
//   config::with_places(loaded.provenance, [&] { return build_schedule(loaded.options, plan); });
//   // ConfigError: my.yaml:7: schedule.warmup_epochs: 50 epochs are longer than the run …
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "stoker/config/values.h"
#include "stoker/core/error.h"

namespace stoker::config {

// `message` begins with the key that it is about ("schedule.warmup_epochs: …", "augment: flip: p
// is …"). Returns it behind the place of the longest part of that key that a file or an override
// set; unchanged where there is none.
std::string with_place(std::string_view message, const Provenance& provenance);

// Puts places before the ConfigErrors that `work` throws.
template <class Work>
decltype(auto) with_places(const Provenance& provenance, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const ConfigError& error) {
    throw ConfigError(with_place(error.what(), provenance));
  }
}

}  // namespace stoker::config
