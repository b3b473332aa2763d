// Keeps the decoded images of a data set in a file that the machine's processes share: the file of
// shared_pixels.h in a folder of the user's, one for each data set, program and way of decoding.
//
//   const SharedCachePlace place = shared_cache_place(options, Split::kTrain, dataset->size());
//   auto kept = keep_decoded_shared(dataset, decode_limits(options), place);
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/data/dataset.h"
#include "stoker/data/options.h"

namespace stoker::data {

struct SharedCachePlace {
  std::filesystem::path folder;
  std::string name;    // of the file, which follows from all that pixels depend on
  int64_t images = 0;  // that may come
  int64_t limit_bytes = 0;
};

// data.cache_dir, or stoker/decoded below $XDG_CACHE_HOME, ~/.cache or the temporary folder.
std::filesystem::path shared_cache_folder(const DataOptions& options);

// images: of the set that the split is a part of, so that all folds share one file.
SharedCachePlace shared_cache_place(const DataOptions& options, Split split, int64_t images);

// As keep_decoded() (cached.h), in that file, up to the limit. Where the file cannot be had or
// written, a warning says so and images stay in this process's memory, up to the same limit.
std::shared_ptr<const Dataset> keep_decoded_shared(std::shared_ptr<const Dataset> dataset,
                                                   const decode::DecodeLimits& limits,
                                                   const SharedCachePlace& place,
                                                   int64_t estimate_bytes = 0);

}  // namespace stoker::data
