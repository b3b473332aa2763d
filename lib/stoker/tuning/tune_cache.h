// Results of tuning, kept beside the runs so that the next run of the same kind begins at once.
//
//   TuneCache cache(real_file_system(), "runs");
//   const TuneKey key{.what = {{"model", "resnet18"}, {"shape", "3x64x64"}, …},
//                     .versions = {{"stoker", "0.1.0"}, {"libtorch", "2.9.1"}}};
//   const TuneCache::Found found = cache.find(key);
//   if (found.value.is_null()) …   // found.stale says why, where there was one
//   cache.keep(key, {{"microbatch", 160}});
//
// One file a kind of run, "<root>/.tuned/<hash of what>.json", readable: it holds the key as well.
// A file is written whole or not at all, and the last of two processes wins.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "stoker/core/file.h"

namespace stoker::tuning {

struct TuneKey {
  // What the numbers are of: model, shape, precision, optimizer, device, limit … in the caller's
  // words. All that they depend on, for nothing else tells two results apart.
  std::map<std::string, std::string> what;
  // Where one of these has changed, the result is stale.
  std::map<std::string, std::string> versions;

  std::string hash() const;  // 32 hexadecimal digits, of `what`
};

class TuneCache {
 public:
  TuneCache(FileSystem& files, const std::filesystem::path& root);

  struct Found {
    nlohmann::json value;  // null: none that can be used
    std::string stale;     // "libtorch was 2.8.0 and is 2.9.1"; empty: not stale
  };
  // A file that cannot be read, or holds something else, is a warning and counts as none.
  Found find(const TuneKey& key) const;
  // A failure to write is a warning: what was tuned is in use all the same.
  void keep(const TuneKey& key, const nlohmann::json& value);

  std::filesystem::path path_of(const TuneKey& key) const;

 private:
  FileSystem& files_;
  std::filesystem::path folder_;
};

}  // namespace stoker::tuning
