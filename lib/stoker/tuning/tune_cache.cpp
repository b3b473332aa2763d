#include "stoker/tuning/tune_cache.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"

namespace stoker::tuning {
namespace {

constexpr int kFormat = 1;
constexpr uint64_t kLargestFile = 1 << 20;

using Words = std::map<std::string, std::string>;

// The first version that differs, or that only one side names.
std::string difference(const Words& was, const Words& is) {
  const auto word = [](const Words& words, const std::string& name) {
    const auto found = words.find(name);
    return found == words.end() ? std::string("not named") : found->second;
  };
  Words all = is;
  all.insert(was.begin(), was.end());
  for (const auto& [name, unused] : all)
    if (word(was, name) != word(is, name))
      return fmt::format("{} was {} and is {}", name, word(was, name), word(is, name));
  return "";
}

// Throws DataError where the file is not one that keep() wrote for this key.
TuneCache::Found read(const std::filesystem::path& path, const TuneKey& key) {
  const nlohmann::json file = try_parse_json(read_file(path, kLargestFile));
  const auto refuse = [](const std::string& what) { throw DataError(what); };
  if (!file.is_object()) refuse("it is no JSON object");
  if (file.value("format", nlohmann::json()) != kFormat)
    refuse(fmt::format("expected format {}", kFormat));
  for (const char* part : {"what", "versions", "value"})
    if (!file.contains(part)) refuse(fmt::format("\"{}\" is missing", part));
  if (file["what"] != nlohmann::json(key.what)) refuse("it is of another kind of run");
  Words versions;
  if (!file["versions"].is_object()) refuse("\"versions\" is no object");
  for (const auto& [name, version] : file["versions"].items()) {
    if (!version.is_string()) refuse(fmt::format("the version of {} is no text", name));
    versions[name] = version.get<std::string>();
  }
  const std::string stale = difference(versions, key.versions);
  if (!stale.empty()) return {.value = nullptr, .stale = stale};
  if (file["value"].is_null()) refuse("\"value\" is null");
  return {.value = file["value"], .stale = ""};
}

}  // namespace

std::string TuneKey::hash() const {
  return checksum_hex(as_bytes(json_text(nlohmann::json(what))));
}

TuneCache::TuneCache(FileSystem& files, const std::filesystem::path& root)
    : files_(files), folder_(root / ".tuned") {}

std::filesystem::path TuneCache::path_of(const TuneKey& key) const {
  return folder_ / (key.hash() + ".json");
}

TuneCache::Found TuneCache::find(const TuneKey& key) const {
  const std::filesystem::path path = path_of(key);
  std::error_code unreachable;  // whoever opens it says why
  if (!std::filesystem::exists(path, unreachable) && !unreachable) return {};
  try {
    return read(path, key);
  } catch (const std::exception& error) {
    log().warn("{}: {}. It is not used, and written again after tuning.", path.string(),
               error.what());
    return {};
  }
}

void TuneCache::keep(const TuneKey& key, const nlohmann::json& value) {
  const std::filesystem::path path = path_of(key);
  const nlohmann::json file{
      {"format", kFormat}, {"what", key.what}, {"versions", key.versions}, {"value", value}};
  try {
    files_.make_directories(folder_);
    write_file_atomically(files_, path, as_bytes(json_text(file, 2) + "\n"));
  } catch (const FileError& error) {
    log().warn("{} The result is in use, and the next run tunes again.", error.what());
  }
}

}  // namespace stoker::tuning
