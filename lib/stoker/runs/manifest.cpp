#include "stoker/runs/manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/runs/layout.h"

namespace stoker::runs {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFormat = "stoker-checkpoint-2";
constexpr const char* kChecksum = "xxh3_128";

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  json files = json::object();
  for (const auto& [name, entry] : manifest)
    files[name] = {{kChecksum, entry.checksum}, {"size_bytes", entry.size_bytes}};
  return json_text(json{{"format", kFormat}, {"files", files}}, 2) + "\n";
}

Manifest read_manifest(const fs::path& checkpoint) {
  if (!is_checkpoint(checkpoint)) {
    throw DataError(
        fmt::format("{}: not a checkpoint: it has no manifest.json", checkpoint.string()));
  }
  const fs::path path = checkpoint / kManifestFile;
  try {
    const json read = parse_json(read_file(path));
    if (read.at("format") != kFormat) {
      throw DataError(fmt::format("{}: format is {}, this version reads \"{}\"", path.string(),
                                  json_text(read["format"]), kFormat));
    }
    Manifest manifest;
    for (const auto& [name, entry] : read.at("files").items()) {
      manifest[name] = {.checksum = entry.at(kChecksum).get<std::string>(),
                        .size_bytes = entry.at("size_bytes").get<uint64_t>()};
    }
    return manifest;
  } catch (const json::exception& error) {
    throw DataError(fmt::format("{}: damaged: {}", path.string(), error.what()));
  }
}

void verify(const fs::path& checkpoint, const Manifest& manifest, const std::string& name,
            Bytes bytes) {
  const auto entry = manifest.find(name);
  if (entry == manifest.end()) {
    throw DataError(fmt::format("{}: manifest.json does not list {}", checkpoint.string(), name));
  }
  const std::string actual = checksum_hex(bytes);
  if (actual == entry->second.checksum) return;
  throw DataError(
      fmt::format("{}: damaged: {} bytes with checksum {}, the manifest says {} bytes with {}",
                  (checkpoint / name).string(), bytes.size(), actual, entry->second.size_bytes,
                  entry->second.checksum));
}

}  // namespace stoker::runs
