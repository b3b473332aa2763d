#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/weights/foreign_file.h"
#include "stoker/weights/safetensors.h"

namespace stoker::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kLargestIndexBytes = 100'000'000;

// {"metadata": {…}, "weight_map": {"name of a tensor": "name of a file beside the index"}}
std::map<std::string, std::string> read_index(const fs::path& path) {
  std::set<std::string> names;
  bool in_map = false;
  const auto refuse = [&](const std::string& what) {
    throw DataError(fmt::format("{}: {}.", path.string(), what));
  };
  const auto no_duplicates = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > 64) refuse("nested too deeply");
    if (event != json::parse_event_t::key) return true;
    const auto& name = value.get_ref<const std::string&>();
    if (depth == 1) in_map = name == "weight_map";
    if ((depth == 1 || (depth == 2 && in_map)) &&
        !names.insert(fmt::format("{}{}", depth, name)).second) {
      refuse(fmt::format("{} occurs twice", name));
    }
    return true;
  };
  const std::string text = read_file(path, kLargestIndexBytes);
  json index;
  try {
    index = json::parse(text, no_duplicates);
  } catch (const json::parse_error& error) {
    const std::string foreign = text.starts_with('{') ? "" : foreign_file(path, as_bytes(text));
    refuse(foreign.empty() ? fmt::format("no JSON at byte {}", error.byte) : foreign);
  }
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    refuse("not the index of a sharded safetensors file: it has no weight_map");
  }
  std::map<std::string, std::string> shards;
  for (const auto& [name, file] : index["weight_map"].items()) {
    const std::string shard = file.is_string() ? file.get<std::string>() : "";
    // Only files beside the index: it may come from anywhere.
    if (shard.empty() || shard != fs::path(shard).filename() || shard == "." || shard == "..") {
      refuse(fmt::format("{} is not in a file beside the index, but in {}", name, json_text(file)));
    }
    shards[name] = shard;
  }
  return shards;
}

std::set<std::string> shards_of(const std::map<std::string, std::string>& index) {
  std::set<std::string> shards;
  for (const auto& [name, shard] : index) shards.insert(shard);
  return shards;
}

NamedTensors read_shards(const fs::path& index) {
  const std::map<std::string, std::string> shard_of = read_index(index);
  NamedTensors tensors;
  for (const std::string& shard : shards_of(shard_of)) {
    const SafetensorsFile file(index.parent_path() / shard);
    for (const std::string& name : file.names()) {
      const auto named = shard_of.find(name);
      if (named == shard_of.end() || named->second != shard) {
        throw DataError(fmt::format("{}: {} is in {}, but the index has it {}.", index.string(),
                                    name, shard,
                                    named == shard_of.end() ? "nowhere" : "in " + named->second));
      }
      tensors.emplace_back(name, file.tensor(name));
    }
    for (const auto& [name, wanted] : shard_of) {
      if (wanted == shard && !file.contains(name)) {
        throw DataError(fmt::format("{}: {} is not in {}.", index.string(), name, shard));
      }
    }
  }
  return tensors;
}

bool is_index(const fs::path& path) { return path.extension() == ".json"; }

// The file that `path` means: itself, or what a folder holds.
fs::path entry_file(const fs::path& path) {
  if (!fs::exists(path)) throw DataError(fmt::format("{}: no such file.", path.string()));
  if (!fs::is_directory(path)) return path;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"}) {
    if (fs::exists(path / name)) return path / name;
  }
  throw DataError(fmt::format("{}: holds neither model.safetensors nor its index.", path.string()));
}

}  // namespace

std::vector<fs::path> weight_files(const fs::path& path) {
  const fs::path entry = entry_file(path);
  std::vector<fs::path> files{entry};
  if (is_index(entry)) {
    for (const std::string& shard : shards_of(read_index(entry)))
      files.push_back(entry.parent_path() / shard);
  }
  return files;
}

NamedTensors read_weights(const fs::path& path) {
  const fs::path entry = entry_file(path);
  if (is_index(entry)) return read_shards(entry);
  const SafetensorsFile file(entry);
  NamedTensors tensors;
  for (const std::string& name : file.names()) tensors.emplace_back(name, file.tensor(name));
  return tensors;
}

}  // namespace stoker::weights
