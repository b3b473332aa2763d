// Data sets written as WebDataset shards with an index beside each, whole or not at all.
//
//   pack({{"train", train}, {"val", val}}, "packed", options, show_progress);
//
//   packed/train-000000.tar  packed/train-000000.tar.idx  …  packed/val-000000.tar  …  classes.txt
//
// A sample's members are named by its number in the source: 000000017.jpg and 000000017.cls. The
// same source and options give the same bytes, whatever the threads.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"
#include "stoker/data/options.h"
#include "stoker/pack/convert.h"

namespace stoker::pack {

struct PackOptions {
  ConvertOptions convert;
  int64_t shard_bytes = int64_t{256} << 20;  // about this; the shards of a split are alike in size
  int64_t shards = 0;                        // this many a split; 0: from shard_bytes
  bool shuffle = false;                      // for readers that go through shards from end to end
  uint64_t seed = 0;                         // of the shuffle
  data::OnError on_error = data::OnError::kFail;
  decode::DecodeLimits limits;
  int threads = 0;  // 0: usable_cpus()
};

struct PackSplit {
  std::string name;  // what the shards' names begin with
  std::shared_ptr<const data::Dataset> dataset;
};

struct PackProgress {
  std::string_view split;
  int64_t images = 0, of = 0;
};

struct SkippedImage {
  std::string name;    // any bytes
  std::string reason;  // for people: names in it are as shown() has them
};

struct PackedSplit {
  std::string name;
  int64_t images = 0, shards = 0;
  int64_t source_bytes = 0, packed_bytes = 0;  // of the images alone
  int64_t shard_bytes = 0;                     // of the tar files
  std::vector<SkippedImage> skipped;           // what could not be read
};

// Splits are labelled by the classes of the first. Throws DataError for an image that cannot be
// read under OnError::kFail, when all are skipped, and if something is at `folder`; FileError;
// Interrupted on a signal. Nothing is left at `folder` then.
std::vector<PackedSplit> pack(std::span<const PackSplit> splits,
                              const std::filesystem::path& folder, const PackOptions& options,
                              const std::function<void(const PackProgress&)>& on_progress = {},
                              FileSystem& files = real_file_system());

}  // namespace stoker::pack
