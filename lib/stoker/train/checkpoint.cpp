#include "stoker/train/checkpoint.h"

#include <functional>
#include <future>
#include <nlohmann/json.hpp>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/runs/layout.h"

namespace stoker::train {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFormat = "stoker-checkpoint-2";
constexpr const char* kChecksum = "xxh3_128";

json manifest_entry(const std::string& checksum, uint64_t size_bytes) {
  return {{kChecksum, checksum}, {"size_bytes", size_bytes}};
}

// Throws DataError where `bytes`, the file's content, are not what the manifest lists.
void verify(const fs::path& folder, const json& manifest, const std::string& name, Bytes bytes) {
  const json& files = manifest.at("files");
  if (!files.contains(name)) {
    throw DataError(fmt::format("{}: manifest.json does not list {}", folder.string(), name));
  }
  const std::string actual = checksum_hex(bytes);
  const std::string expected = files.at(name).at(kChecksum);
  if (actual == expected) return;
  throw DataError(
      fmt::format("{}: damaged: {} bytes with checksum {}, the manifest says {} bytes with {}",
                  (folder / name).string(), bytes.size(), actual,
                  files.at(name).at("size_bytes").get<uint64_t>(), expected));
}

std::string read_verified(const fs::path& folder, const json& manifest, const std::string& name) {
  std::string text = read_file(folder / name);
  verify(folder, manifest, name, as_bytes(text));
  return text;
}

weights::NamedTensors read_tensors(const fs::path& folder, const json& manifest,
                                   const std::string& name) {
  verify(folder, manifest, name, MappedFile(folder / name).bytes());
  const weights::SafetensorsFile file(folder / name);
  weights::NamedTensors tensors;
  for (const std::string& tensor : file.names()) tensors.emplace_back(tensor, file.tensor(tensor));
  return tensors;
}

}  // namespace

void CheckpointImage::fill(CheckpointContent content) {
  const weights::Metadata metadata{{"format", "pt"}};
  model.fill(content.model, metadata);
  optimizer.fill(content.optimizer, metadata);
  state_json = std::move(content.state_json);
  config_yaml = std::move(content.config_yaml);
}

void write_checkpoint(FileSystem& files, const fs::path& folder, const CheckpointImage& image) {
  files.make_directory(folder);
  const auto write = [&](const char* name, const weights::SafetensorsImage& tensors) {
    return manifest_entry(tensors.write(files, folder / name), tensors.bytes().size());
  };
  // Side by side, so that one is summed while the disk takes the other. Deferred where no thread
  // can be had.
  auto optimizer = std::async(std::launch::async | std::launch::deferred, write,
                              runs::kOptimizerFile, std::cref(image.optimizer));
  json listed;
  listed[runs::kModelFile] = write(runs::kModelFile, image.model);
  listed[runs::kOptimizerFile] = optimizer.get();
  for (const auto& [name, text] : {std::pair{runs::kStateFile, &image.state_json},
                                   std::pair{runs::kConfigFile, &image.config_yaml}}) {
    write_file_atomically(files, folder / name, as_bytes(*text));
    listed[name] = manifest_entry(checksum_hex(as_bytes(*text)), text->size());
  }
  const std::string manifest = json_text(json{{"format", kFormat}, {"files", listed}}, 2) + "\n";
  write_file_atomically(files, folder / runs::kManifestFile, as_bytes(manifest));
  files.sync_directory(folder);
}

CheckpointContent read_checkpoint(const fs::path& folder) {
  if (!runs::is_checkpoint(folder)) {
    throw DataError(fmt::format("{}: not a checkpoint: it has no manifest.json", folder.string()));
  }
  try {
    const json manifest = parse_json(read_file(folder / runs::kManifestFile));
    if (manifest.at("format") != kFormat) {
      throw DataError(fmt::format("{}: format is {}, this version reads \"{}\"",
                                  (folder / runs::kManifestFile).string(),
                                  json_text(manifest["format"]), kFormat));
    }
    return {.model = read_tensors(folder, manifest, runs::kModelFile),
            .optimizer = read_tensors(folder, manifest, runs::kOptimizerFile),
            .state_json = read_verified(folder, manifest, runs::kStateFile),
            .config_yaml = read_verified(folder, manifest, runs::kConfigFile)};
  } catch (const json::exception& error) {
    throw DataError(
        fmt::format("{}: damaged: {}", (folder / runs::kManifestFile).string(), error.what()));
  }
}

std::string read_checkpoint_state(const fs::path& folder) {
  return read_file(folder / runs::kStateFile);
}

}  // namespace stoker::train
