#include "stoker/train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/hash.h"

namespace stoker::train {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFormat = "stoker-checkpoint-1";

json manifest_entry(const std::string& sha256, uint64_t size_bytes) {
  return {{"sha256", sha256}, {"size_bytes", size_bytes}};
}

// Content whose loss would make the rest useless, with its checksum from the manifest.
std::string read_verified(const fs::path& folder, const json& manifest, const std::string& name) {
  const std::string text = read_file(folder / name);
  if (!manifest["files"].contains(name)) {
    throw DataError(fmt::format("{}: manifest.json does not list {}", folder.string(), name));
  }
  const std::string expected = manifest["files"][name]["sha256"];
  const std::string actual = sha256_hex(as_bytes(text));
  if (actual != expected) {
    throw DataError(fmt::format("{}: damaged: SHA-256 is {}, the manifest says {}",
                                (folder / name).string(), actual, expected));
  }
  return text;
}

weights::NamedTensors read_tensors(const fs::path& folder, const json& manifest,
                                   const std::string& name) {
  {
    const MappedFile map(folder / name);
    const std::string actual = sha256_hex(map.bytes());
    const std::string expected = manifest["files"].at(name).at("sha256");
    if (actual != expected) {
      throw DataError(
          fmt::format("{}: damaged: {} bytes with SHA-256 {}, the manifest says {} bytes with {}",
                      (folder / name).string(), map.bytes().size(), actual,
                      manifest["files"][name]["size_bytes"].get<uint64_t>(), expected));
    }
  }
  const weights::SafetensorsFile file(folder / name);
  weights::NamedTensors tensors;
  for (const std::string& tensor : file.names()) tensors.emplace_back(tensor, file.tensor(tensor));
  return tensors;
}

}  // namespace

void write_checkpoint(FileSystem& files, const fs::path& folder, const CheckpointContent& content) {
  files.make_directory(folder);
  json listed;
  for (const auto& [name, tensors] : {std::pair{"model.safetensors", &content.model},
                                      std::pair{"optimizer.safetensors", &content.optimizer}}) {
    const std::string sha256 =
        weights::write_safetensors(files, folder / name, *tensors, {{"format", "pt"}});
    listed[name] = manifest_entry(sha256, fs::file_size(folder / name));
  }
  for (const auto& [name, text] : {std::pair{"state.json", &content.state_json},
                                   std::pair{"config.yaml", &content.config_yaml}}) {
    write_file_atomically(files, folder / name, as_bytes(*text));
    listed[name] = manifest_entry(sha256_hex(as_bytes(*text)), text->size());
  }
  const std::string manifest = json{{"format", kFormat}, {"files", listed}}.dump(2) + "\n";
  write_file_atomically(files, folder / "manifest.json", as_bytes(manifest));
  files.sync_directory(folder);
}

CheckpointContent read_checkpoint(const fs::path& folder) {
  if (!fs::exists(folder / "manifest.json")) {
    throw DataError(fmt::format("{}: not a checkpoint: it has no manifest.json", folder.string()));
  }
  try {
    const json manifest = json::parse(read_file(folder / "manifest.json"));
    if (manifest.at("format") != kFormat) {
      throw DataError(fmt::format("{}: format is {}, this version reads \"{}\"",
                                  (folder / "manifest.json").string(), manifest["format"].dump(),
                                  kFormat));
    }
    return {.model = read_tensors(folder, manifest, "model.safetensors"),
            .optimizer = read_tensors(folder, manifest, "optimizer.safetensors"),
            .state_json = read_verified(folder, manifest, "state.json"),
            .config_yaml = read_verified(folder, manifest, "config.yaml")};
  } catch (const json::exception& error) {
    throw DataError(
        fmt::format("{}: damaged: {}", (folder / "manifest.json").string(), error.what()));
  }
}

std::string read_checkpoint_state(const fs::path& folder) {
  return read_file(folder / "state.json");
}

}  // namespace stoker::train
