// The public data sets that `stoker data get` fetches, and where they are.
//
//   get_dataset(known_dataset("cifar10"), "data/cifar10", {}, show_progress);
//
// Sizes and SHA-256 are those that TensorFlow Datasets publishes for the authors' files
// (tensorflow_datasets/url_checksums), so a mirror need not be trusted.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/fetch/download.h"

namespace stoker::fetch {

struct KnownDataset {
  std::string_view name;
  std::string_view format;  // what to write under data.format
  std::string_view help;
  std::vector<Download> files;
  // The one folder in the archive, when the only file is a .tar.gz; empty for files used as they
  // are.
  std::string_view archive_folder;
};

std::span<const KnownDataset> known_datasets();
// Throws ConfigError that lists the names and suggests the nearest.
const KnownDataset& known_dataset(std::string_view name);

// Fetches, checks and unpacks into `folder`, which then serves as data.root. What is there already
// is left alone, so a call that was broken off is repeated to go on. Throws as download() and
// unpack_tar_gz() do.
void get_dataset(const KnownDataset& dataset, const std::filesystem::path& folder,
                 const DownloadOptions& options = {}, const OnDownloadProgress& on_progress = {});

}  // namespace stoker::fetch
