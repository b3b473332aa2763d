#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "stoker/core/error.h"
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
  json index;
  try {
    index = json::parse(read_file(path, kLargestIndexBytes), no_duplicates);
  } catch (const json::parse_error& error) {
    refuse(fmt::format("no JSON at byte {}", error.byte));
  }
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    refuse("not the index of a sharded safetensors file: it has no weight_map");
  }
  std::map<std::string, std::string> shards;
  for (const auto& [name, file] : index["weight_map"].items()) {
    const std::string shard = file.is_string() ? file.get<std::string>() : "";
    // Only files beside the index: it may come from anywhere.
    if (shard.empty() || shard != fs::path(shard).filename() || shard == "." || shard == "..") {
      refuse(fmt::format("{} is not in a file beside the index, but in {}", name, file.dump()));
    }
    shards[name] = shard;
  }
  return shards;
}

NamedTensors read_shards(const fs::path& index) {
  const std::map<std::string, std::string> shard_of = read_index(index);
  std::set<std::string> shards;
  for (const auto& [name, shard] : shard_of) shards.insert(shard);
  NamedTensors tensors;
  for (const std::string& shard : shards) {
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

}  // namespace

NamedTensors read_weights(const fs::path& path) {
  if (fs::is_directory(path)) {
    for (const char* name : {"model.safetensors", "model.safetensors.index.json"}) {
      if (fs::exists(path / name)) return read_weights(path / name);
    }
    throw DataError(
        fmt::format("{}: holds neither model.safetensors nor its index.", path.string()));
  }
  if (path.extension() == ".json") return read_shards(path);
  const SafetensorsFile file(path);
  NamedTensors tensors;
  for (const std::string& name : file.names()) tensors.emplace_back(name, file.tensor(name));
  return tensors;
}

}  // namespace stoker::weights
