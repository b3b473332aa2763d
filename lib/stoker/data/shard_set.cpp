#include "stoker/data/shard_set.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/log.h"
#include "stoker/core/parallel.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/shards/npy.h"
#include "stoker/shards/shard.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;
using shards::Shard;

class ShardSet : public Dataset {
 public:
  ShardSet(std::vector<Shard> shards, std::vector<std::string> classes)
      : shards_(std::move(shards)), classes_(std::move(classes)) {
    for (const Shard& shard : shards_) ends_.push_back(size() + shard.size());
    is_plain_ = shards_[0].entry(0).content == shards::Content::kNpy;
  }

  int64_t size() const override { return ends_.empty() ? 0 : ends_.back(); }
  int64_t label(int64_t index) const override {
    const Place at = place(index);
    return at.shard.entry(at.index).label;
  }
  const std::vector<std::string>& class_names() const override { return classes_; }
  std::string name(int64_t index) const override {
    const Place at = place(index);
    return at.shard.name(at.index);
  }
  std::string key(int64_t index) const override {
    const Place at = place(index);
    return std::string(at.shard.key(at.index));
  }
  bool gains_from_cache() const override { return !is_plain_; }
  void verify(int64_t index) const override {
    const Place at = place(index);
    at.shard.verify(at.index);
  }

  void confirm(int64_t index) const override {
    const Place at = place(index);
    at.shard.confirm(at.index);
  }

  Record get(int64_t index, std::vector<std::byte>&) const override {
    const Place at = place(index);
    const Bytes content = at.shard.content(at.index);
    if (at.shard.entry(at.index).content == shards::Content::kEncoded)
      return {.encoded = content, .pixels = {}};
    try {
      return {.encoded = {}, .pixels = shards::parse_npy(content)};
    } catch (const DataError& error) {
      throw DataError(fmt::format("{}: {}", shown(at.shard.name(at.index)), error.what()));
    }
  }

 private:
  struct Place {
    const Shard& shard;
    int64_t index;
  };
  Place place(int64_t index) const {
    const auto after = std::ranges::upper_bound(ends_, index);
    const auto shard = static_cast<size_t>(after - ends_.begin());
    return {shards_[shard], index - (shard == 0 ? 0 : ends_[shard - 1])};
  }

  std::vector<Shard> shards_;
  std::vector<int64_t> ends_;
  std::vector<std::string> classes_;
  bool is_plain_ = false;
};

std::vector<Shard> open_all(std::span<const fs::path> paths) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::optional<Shard>> opened(paths.size());
  parallel_for(std::ssize(paths), usable_cpus(),
               [&](int64_t i) { opened[size_t(i)] = Shard::open(paths[size_t(i)]); });
  std::vector<Shard> shards;
  size_t without_index = 0;
  for (std::optional<Shard>& shard : opened) {
    without_index += !shard->has_index_file();
    shards.push_back(std::move(*shard));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (without_index > 0)
    log().info(
        "{} of {} shards have no index; their headers were read in {}. `stoker data index "
        "{}` writes indexes, with checksums",
        without_index, shards.size(), human_duration(took.count()),
        shown(paths[0].parent_path().string()));
  return shards;
}

std::vector<std::string> common_class_names(std::span<const fs::path> paths) {
  std::set<fs::path> folders;
  for (const fs::path& path : paths) folders.insert(path.parent_path());
  std::vector<std::string> names = read_class_names(*folders.begin());
  for (const fs::path& folder : folders)
    if (read_class_names(folder) != names)
      throw DataError(fmt::format("{} and {} differ: the shards are of different data sets",
                                  shown((*folders.begin() / kClassesFile).string()),
                                  shown((folder / kClassesFile).string())));
  return names;
}

// Names for every label; numbers where no file gives names.
std::vector<std::string> class_names_for(std::span<const Shard> shards,
                                         std::vector<std::string> names, const fs::path& folder) {
  int64_t classes = 0;
  for (const Shard& shard : shards)
    for (int64_t i = 0; i < shard.size(); ++i) {
      const int64_t label = shard.entry(i).label;
      classes = std::max(classes, label + 1);
      if (!names.empty() && label >= std::ssize(names))
        throw DataError(fmt::format("{}: its class is {}, but {} names {} classes, from 0 on",
                                    shown(shard.name(i)), label,
                                    shown((folder / kClassesFile).string()), names.size()));
    }
  if (!names.empty()) return names;
  for (int64_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace

std::vector<std::string> read_class_names(const fs::path& folder) {
  const fs::path path = folder / kClassesFile;
  std::vector<std::string> names;
  if (!fs::exists(path)) return names;
  const std::string text = read_file(path, uint64_t{1} << 28);
  std::set<std::string> seen;
  for (const std::string_view line : text_lines(text, path.string())) {
    std::string name = from_line(line);
    if (name.empty() || !seen.insert(name).second)
      throw DataError(fmt::format("{}: line {}: {}", shown(path.string()), names.size() + 1,
                                  name.empty() ? std::string("no class name")
                                               : fmt::format("\"{}\" comes twice", shown(name))));
    names.push_back(std::move(name));
  }
  if (names.empty()) throw DataError(fmt::format("{}: it names no classes", shown(path.string())));
  return names;
}

std::shared_ptr<const Dataset> open_shards(std::span<const fs::path> paths) {
  STOKER_CHECK(!paths.empty(), "no shards");
  std::vector<std::string> names = common_class_names(paths);
  std::vector<Shard> shards = open_all(paths);
  names = class_names_for(shards, std::move(names), paths[0].parent_path());
  return std::make_shared<ShardSet>(std::move(shards), std::move(names));
}

}  // namespace stoker::data
