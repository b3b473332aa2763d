// What a config says under `data:`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stoker/config/choice.h"
#include "stoker/data/split.h"
#include "stoker/decode/decode.h"

namespace stoker::data {

enum class Cache { kAuto, kNone, kMemory, kShared };
std::span<const std::string_view> enum_names(Cache);  // auto, none, memory, shared

enum class OnError { kFail, kSkip };
std::span<const std::string_view> enum_names(OnError);  // fail, skip

enum class JpegScaling { kAuto, kOff };
std::span<const std::string_view> enum_names(JpegScaling);  // auto, off

struct DataOptions {
  config::Choice format;        // of formats(), table.h; empty: not chosen
  std::string root;             // folder of the data set; unused by shapes
  std::string train = "train";  // sub-folder, file or split name
  std::string val = "val";
  SplitOptions split;
  std::optional<std::string> fold;                         // "2/5": the second of five
  std::vector<std::string> ignore_classes, merge_classes;  // class_map.h
  bool multilabel = false;            // of `task`, not of this section of a config
  std::optional<std::string> labels;  // a file of labels, below root; {split}
  std::string label_separator = "|";  // label_table.h
  std::vector<std::string> label_columns;
  double balance = 0;  // of the classes, in training: 0 to 1
  Cache cache = Cache::kAuto;
  // Not of a config: several processes of this host open the set, and keep once what they keep.
  bool is_shared_by_ranks = false;
  double cache_limit_gib = 4;            // `auto` and `shared` keep decoded images up to this size
  std::optional<std::string> cache_dir;  // of `shared`; unset: shared_cache_folder()
  OnError on_error = OnError::kFail;
  std::optional<int64_t> threads;                 // of the loader; unset: from affinity and cgroup
  int64_t prefetch_mib = 512;                     // memory bound of batches made ahead
  double max_megapixels = 100;                    // larger images are refused before decoding
  JpegScaling jpeg_scaling = JpegScaling::kAuto;  // in training
};
void describe(DataOptions& options, config::Fields& fields);

decode::DecodeLimits decode_limits(const DataOptions& options);

// Throws ConfigError for a limit that is no number of bytes.
int64_t cache_limit_bytes(const DataOptions& options);

}  // namespace stoker::data
