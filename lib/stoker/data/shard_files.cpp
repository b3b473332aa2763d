#include "stoker/data/shard_files.h"

#include <glob.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostShards = 1'000'000;

struct Range {
  int64_t first = 0, last = 0;
  size_t digits = 0;
};

// "000000..000146".
std::optional<Range> range_of(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == text.npos) return std::nullopt;
  const auto number = [](std::string_view part) -> std::optional<int64_t> {
    int64_t value = -1;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value < 0) return std::nullopt;
    return value;
  };
  const auto first = number(text.substr(0, dots)), last = number(text.substr(dots + 2));
  if (!first || !last || *last < *first || *last - *first >= kMostShards) return std::nullopt;
  return Range{*first, *last, dots};
}

// The words that the first brace of `word` stands for; the word itself where none is.
std::vector<std::string> expanded(const std::string& word, std::string_view key) {
  const size_t open = word.find('{');
  if (open == word.npos) return {word};
  const size_t close = word.find('}', open);
  const auto range = close == word.npos
                         ? std::nullopt
                         : range_of(std::string_view(word).substr(open + 1, close - open - 1));
  if (!range)
    throw ConfigError(fmt::format(
        "{}: \"{}\": expected a range such as train-{{000000..000146}}.tar between braces", key,
        word));
  std::vector<std::string> words;
  for (int64_t i = range->first; i <= range->last; ++i) {
    const std::string one =
        fmt::format("{}{:0{}}{}", word.substr(0, open), i, range->digits, word.substr(close + 1));
    for (std::string& each : expanded(one, key)) words.push_back(std::move(each));
    if (std::ssize(words) > kMostShards)
      throw ConfigError(
          fmt::format("{}: \"{}\" names more than {} shards", key, word, kMostShards));
  }
  return words;
}

std::vector<fs::path> matches_of(const fs::path& pattern) {
  glob_t found{};
  std::vector<fs::path> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  std::erase_if(paths, [](const fs::path& path) {
    return path.extension() == ".idx" || fs::is_directory(path);
  });
  std::ranges::sort(paths);
  return paths;
}

bool is_compressed(const fs::path& path) {
  const std::string name = path.filename().string();
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{".gz", ".tgz", ".zst", ".xz", ".bz2"},
      [&](std::string_view ending) { return name.ends_with(ending); });
}

[[noreturn]] void fail(const fs::path& root, const std::string& word, std::string_view key) {
  std::string there;
  for (const std::string& name : shard_names(root)) there += fmt::format(" {}-*.tar", name);
  throw DataError(fmt::format(
      "{} = \"{}\": no shards of this name in {}. There {}{}", key, word, shown(root.string()),
      there.empty() ? "are no .tar files; `stoker data pack SOURCE OUT` writes shards"
                    : "are:" + there,
      key == "data.val" && !there.empty()
          ? ". Without a validation set, `data.split: {val: 0.1}` takes a tenth of "
            "data.train"
          : ""));
}

std::vector<fs::path> candidates(const fs::path& root, const std::string& word) {
  const fs::path path = root / word;
  if (word.find_first_of("*?[") != std::string::npos) return matches_of(path);
  if (fs::is_directory(path)) return matches_of(path / "*.tar*");
  if (fs::exists(path)) return {path};
  return matches_of(path.string() + "-*.tar*");
}

}  // namespace

std::vector<fs::path> find_shards(const fs::path& root, const std::string& word,
                                  std::string_view key) {
  std::vector<fs::path> shards;
  for (const std::string& one : expanded(word, key)) {
    const std::vector<fs::path> found = candidates(root, one);
    if (found.empty()) fail(root, one, key);
    shards.insert(shards.end(), found.begin(), found.end());
  }
  for (const fs::path& shard : shards)
    if (is_compressed(shard))
      throw DataError(fmt::format(
          "{}: a compressed shard. Samples are read at random, which compression forbids, and "
          "images do not shrink by it: unpack it to a plain .tar",
          shown(shard.string())));
  return shards;
}

std::vector<std::string> shard_names(const fs::path& folder) {
  std::set<std::string> names;
  for (const fs::path& path : matches_of(folder / "*.tar")) {
    std::string stem = path.stem().string();
    const size_t end = stem.find_last_not_of("0123456789");
    if (end != stem.npos && end + 1 < stem.size() && stem[end] == '-') stem.resize(end);
    names.insert(stem);
  }
  return {names.begin(), names.end()};
}

}  // namespace stoker::data
