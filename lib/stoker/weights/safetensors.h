// safetensors files: an 8-byte little-endian header length, a JSON header, the tensors' bytes.
// https://github.com/huggingface/safetensors#format
//
//   write_safetensors(files, path, tensors, {{"format", "pt"}});
//   SafetensorsFile file(path);               // mapped, nothing copied
//   at::Tensor w = file.tensor("fc.weight");  // a view of the map; clone() to change it
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::weights {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
using Metadata = std::map<std::string, std::string>;

// Written atomically; tensors are copied to the CPU and made contiguous one at a time. Returns the
// SHA-256 of the file.
std::string write_safetensors(FileSystem& files, const std::filesystem::path& path,
                              const NamedTensors& tensors, const Metadata& metadata = {});

class SafetensorsFile {
 public:
  // Checks the whole header before anything is used: length cap (100 MB), no duplicate keys, known
  // dtypes, shapes that multiply without overflow to the length of their span, spans that tile the
  // buffer without gap or overlap. Throws DataError with the file and what is wrong.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::vector<std::string>& names() const { return names_; }
  bool contains(std::string_view name) const;
  // CPU tensor that shares the map and keeps it alive. Throws DataError for an unknown name.
  at::Tensor tensor(std::string_view name) const;
  const Metadata& metadata() const { return metadata_; }

 private:
  struct Entry;
  std::shared_ptr<MappedFile> map_;
  std::vector<std::string> names_;
  std::map<std::string, Entry, std::less<>> entries_;
  Metadata metadata_;
};

}  // namespace stoker::weights
