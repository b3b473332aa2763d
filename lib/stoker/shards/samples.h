// The samples of a tar archive by WebDataset's rule: members side by side whose names are equal up
// to the first dot of the last component are one sample, what follows the dot says what each is.
//
//   n01440764/0001.jpg  n01440764/0001.cls  n01440764/0001.json    one sample, three members
//
// A sample is one image (jpg, png, …, or npy: npy.h) and its class number as text (cls). Other
// members are left alone, and so are names without a dot or that begin with one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "stoker/shards/tar_members.h"

namespace stoker::shards {

enum class Content : uint32_t { kEncoded = 0, kNpy = 1 };

struct StoredSample {
  std::string key;
  TarMember image;
  Content content = Content::kEncoded;
  int64_t label = 0;
  std::vector<TarMember> others;  // beside the image
  size_t label_member = 0;        // which of them is the class number
};

inline constexpr int64_t kLargestLabel = 999'999;

class Samples {
 public:
  // The bytes must outlive this; `path` is for messages.
  Samples(Bytes archive, std::string path)
      : archive_(archive), path_(path), members_(archive, std::move(path)) {}

  // Throws DataError naming the sample: no image or two, no class or one that is no number in
  // [0, kLargestLabel], members of one sample that do not stand side by side.
  std::optional<StoredSample> next();

 private:
  struct Named {
    TarMember member;
    std::string key, ending;
  };
  std::optional<Named> next_named();
  void take(StoredSample& sample, const Named& named);
  int64_t label_of(const TarMember& member) const;
  [[noreturn]] void fail(const std::string& key, std::string_view what) const;

  Bytes archive_;
  std::string path_;
  TarMembers members_;
  std::optional<Named> ahead_;  // the first member of the next sample
  bool has_image_ = false, has_label_ = false;
  std::unordered_set<std::string> endings_;  // of the sample being read
  std::unordered_set<std::string> keys_;
};

}  // namespace stoker::shards
