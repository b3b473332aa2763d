// The formats of data sets: one row each, in one table.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "stoker/data/dataset.h"
#include "stoker/data/options.h"

namespace stoker::data {

struct Format {
  std::string_view name;
  std::string_view help;
  std::shared_ptr<const Dataset> (*open)(const DataOptions& options, Split split);
  bool gains_from_cache;  // false where a sample is as quickly had as copied
};

std::span<const Format> formats();

}  // namespace stoker::data
