#include "stoker/train/checkpoint.h"

#include <functional>
#include <future>

#include "stoker/core/checksum.h"
#include "stoker/runs/layout.h"
#include "stoker/runs/manifest.h"

namespace stoker::train {

namespace fs = std::filesystem;

namespace {

weights::NamedTensors read_tensors(const fs::path& path) {
  const weights::SafetensorsFile file(path);
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
    return runs::ManifestEntry{tensors.write(files, folder / name), tensors.bytes().size()};
  };
  // Side by side, so that one is summed while the disk takes the other. Deferred where no thread
  // can be had.
  auto optimizer = std::async(std::launch::async | std::launch::deferred, write,
                              runs::kOptimizerFile, std::cref(image.optimizer));
  runs::Manifest manifest;
  manifest[runs::kModelFile] = write(runs::kModelFile, image.model);
  manifest[runs::kOptimizerFile] = optimizer.get();
  for (const auto& [name, text] : {std::pair{runs::kStateFile, &image.state_json},
                                   std::pair{runs::kConfigFile, &image.config_yaml}}) {
    write_file_atomically(files, folder / name, as_bytes(*text));
    manifest[name] = {checksum_hex(as_bytes(*text)), text->size()};
  }
  write_file_atomically(files, folder / runs::kManifestFile, as_bytes(manifest_text(manifest)));
  files.sync_directory(folder);
}

CheckpointContent read_checkpoint(const runs::WholeCheckpoint& checkpoint) {
  return {.model = read_tensors(checkpoint.folder() / runs::kModelFile),
          .optimizer = read_tensors(checkpoint.folder() / runs::kOptimizerFile),
          .state_json = checkpoint.state_json(),
          .config_yaml = checkpoint.config_yaml()};
}

}  // namespace stoker::train
