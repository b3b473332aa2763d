#include "stoker/data/check.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/log.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/label_sets.h"

namespace stoker::data {
namespace {

using Names = std::vector<std::string>;

// The first few, and how many more.
std::string listed(const Names& names) {
  constexpr size_t kShown = 8;
  const size_t count = std::min(names.size(), kShown);
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + std::ptrdiff_t(count), ", "));
  if (names.size() > count) text += fmt::format(" and {} more", names.size() - count);
  return shown(text);
}

bool are_numbers(const Names& classes) {
  for (size_t i = 0; i < classes.size(); ++i)
    if (classes[i] != std::to_string(i)) return false;
  return true;
}

std::string advice_for_missing(const Names& classes, const Names& missing) {
  if (!are_numbers(classes)) return "add images of them, or take them out of the list of classes";
  if (missing == Names{"0"})
    return "the labels seem to count from 1: write them from 0 on, or as names";
  return "write labels without gaps from 0 on, or names in place of numbers";
}

void check_classes(const Dataset& train, const std::vector<int64_t>& counts) {
  const Names& classes = train.class_names();
  Names missing, present;
  for (size_t c = 0; c < counts.size(); ++c)
    (counts[c] > 0 ? present : missing).push_back(classes[c]);
  if (train.is_multilabel()) {
    if (present.empty())
      throw DataError(
          fmt::format("data.train: none of the {} images has a label", human_count(train.size())));
  } else if (present.size() < 2) {
    throw DataError(
        fmt::format("data.train: all {} images are of one class, \"{}\": expected two classes or "
                    "more, each in a folder of its own or with a label of its own",
                    human_count(train.size()), listed(present)));
  }
  if (!missing.empty())
    log().warn(
        "data.train: {} of its {} classes have no image, and the model gets an output for "
        "each: {}. {}",
        missing.size(), classes.size(), listed(missing),
        "If that is not meant, " + advice_for_missing(classes, missing));
}

void check_names(const Names& classes) {
  std::map<std::string, Names> alike;
  for (const std::string& name : classes) {
    alike[lower_case(trimmed(name))].push_back(fmt::format("\"{}\"", name));
  }
  Names groups;
  for (const auto& [folded, names] : alike)
    if (names.size() > 1) groups.push_back(fmt::format("{}", fmt::join(names, " and ")));
  if (!groups.empty())
    log().warn(
        "data.train: classes that differ by case or surrounding space alone: {}. If they are "
        "one, give them one name",
        listed(groups));
}

void check_validation_classes(const Dataset& val, const std::vector<int64_t>& in_train) {
  const std::vector<int64_t> in_val = images_by_class(val);
  Names missing;
  size_t trained = 0;
  for (size_t c = 0; c < in_train.size(); ++c) {
    if (in_train[c] == 0) continue;
    ++trained;
    if (in_val[c] == 0) missing.push_back(val.class_names()[c]);
  }
  if (!missing.empty())
    log().warn("data.val has images of {} of the {} classes of data.train: nothing measures {}",
               trained - missing.size(), trained, listed(missing));
}

// The names of a data set with the folders in them as they are once links are followed: the same
// files have the same names, whatever link leads to them. A look at the disk for each folder.
class RealNames {
 public:
  explicit RealNames(const Dataset& dataset) : dataset_(dataset) {}

  size_t hash(int64_t sample) {
    const std::string name = dataset_.name(sample);
    const size_t slash = name.rfind('/');
    if (slash == std::string::npos) return std::hash<std::string>()(name);
    const std::string_view folder = std::string_view(name).substr(0, slash);
    if (folder != folder_) {  // samples of a folder stand together, as a rule
      folder_ = folder;
      real_ = real(folder_);
    }
    return std::hash<std::string>()(real_ + name.substr(slash));
  }

 private:
  const std::string& real(const std::string& folder) {
    const auto [found, is_new] = known_.try_emplace(folder, folder);
    std::error_code absent;
    if (is_new)
      if (const auto path = std::filesystem::canonical(folder, absent); !absent)
        found->second = path.string();
    return found->second;
  }

  const Dataset& dataset_;
  std::string folder_, real_;
  std::unordered_map<std::string, std::string> known_;
};

// The label, or what stands for all of them.
uint64_t label_digest(const Dataset& dataset, int64_t sample) {
  auto digest = static_cast<uint64_t>(dataset.label(sample));
  for (const int32_t label : dataset.labels(sample))
    digest = digest * 1'000'003 + static_cast<uint64_t>(label) + 1;
  return digest;
}

struct Hashed {
  size_t hash;  // of the name
  uint64_t label;
  int64_t sample;
  bool operator<(const Hashed& other) const {
    return std::pair(hash, sample) < std::pair(other.hash, other.sample);
  }
};

std::vector<Hashed> hashed(const Dataset& dataset) {
  std::vector<Hashed> all;
  all.reserve(static_cast<size_t>(dataset.size()));
  RealNames names(dataset);
  for (int64_t i = 0; i < dataset.size(); ++i)
    all.push_back({names.hash(i), label_digest(dataset, i), i});
  std::sort(all.begin(), all.end());
  return all;
}

void check_two_labels(const Dataset& train, const std::vector<Hashed>& all) {
  int64_t count = 0, first = -1;
  for (size_t i = 1; i < all.size(); ++i) {
    if (all[i].hash != all[i - 1].hash || all[i].label == all[i - 1].label) continue;
    if (count++ == 0) first = all[i].sample;
  }
  if (count > 0)
    log().warn("data.train: {} images are listed again with another label, such as {}", count,
               shown(train.name(first)));
}

void check_overlap(const Dataset& val, const std::vector<Hashed>& in_train) {
  int64_t shared = 0, first = -1;
  RealNames names(val);
  for (int64_t i = 0; i < val.size(); ++i) {
    const size_t hash = names.hash(i);
    const auto found = std::ranges::lower_bound(in_train, hash, {}, &Hashed::hash);
    if (found == in_train.end() || found->hash != hash) continue;
    if (shared++ == 0) first = i;
  }
  if (shared > 0)
    log().warn(
        "data.val: {} of its {} images are training images too, such as {}: it measures what "
        "was learned by heart. For a validation set write `data.split: {{val: 0.1}}`, or name "
        "other images in data.val",
        human_count(shared), human_count(val.size()), shown(val.name(first)));
}

void say_notes(const Dataset& train, const Dataset& val) {
  const Names of_train = train.notes();
  for (const std::string& note : of_train) log().warn("{}", shown(note));
  for (const std::string& note : val.notes())
    if (std::ranges::find(of_train, note) == of_train.end()) log().warn("{}", shown(note));
}

}  // namespace

void check_training_set(const Dataset& train) {
  check_names(train.class_names());
  check_classes(train, images_by_class(train));
}

void check_sets(const Dataset& train, const Dataset& val) {
  say_notes(train, val);
  check_training_set(train);
  check_validation_classes(val, images_by_class(train));
  const std::vector<Hashed> all = hashed(train);
  check_two_labels(train, all);
  check_overlap(val, all);
}

}  // namespace stoker::data
