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
const Format& find_format(std::string_view name);  // throws ConfigError

// Bytes of memory that the cache will take for this data set, 0 if it will not be used: for plans.
int64_t cache_bytes(const Format& format, const DataOptions& options, const Dataset& dataset);

}  // namespace stoker::data
