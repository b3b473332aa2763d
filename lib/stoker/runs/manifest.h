// A checkpoint's manifest.json: size and checksum of each of its files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "stoker/core/file.h"

namespace stoker::runs {

struct ManifestEntry {
  std::string checksum;  // core/checksum.h's
  uint64_t size_bytes = 0;
};
using Manifest = std::map<std::string, ManifestEntry>;  // by the file's name

std::string manifest_text(const Manifest& manifest);

// Throws DataError where the folder has none, where it is damaged or of another version.
Manifest read_manifest(const std::filesystem::path& checkpoint);

// Throws DataError where `bytes`, the file's content, are not what the manifest lists.
void verify(const std::filesystem::path& checkpoint, const Manifest& manifest,
            const std::string& name, Bytes bytes);

}  // namespace stoker::runs
