// safetensors files: an 8-byte little-endian header length, a JSON header, the tensors' bytes.
// https://github.com/huggingface/safetensors#format
//
//   SafetensorsFile file(path);               // mapped, nothing copied
//   at::Tensor w = file.tensor("fc.weight");  // a view of the map; clone() to change it
//
// Written by safetensors_image.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/file.h"
#include "stoker/weights/named_tensors.h"
#include "stoker/weights/safetensors_header.h"

namespace stoker::weights {

using Metadata = std::map<std::string, std::string>;

class SafetensorsFile {
 public:
  // Checks the whole header before anything is used: length cap (100 MB), no duplicate keys, known
  // dtypes, shapes that multiply without overflow to the length of their span, spans that tile the
  // buffer without gap or overlap. Throws DataError with the file and what is wrong.
  explicit SafetensorsFile(const std::filesystem::path& path);
  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  // In the order of their bytes.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(std::string_view name) const;
  // CPU tensor that shares the map and keeps it alive (a copy where a foreign file left it
  // unaligned). Writing to it ends the process. Throws DataError for an unknown name.
  at::Tensor tensor(std::string_view name) const;
  const Metadata& metadata() const { return header_.metadata; }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const MappedFile> map_;
  SafetensorsHeader header_;
  std::vector<std::string> names_;
  std::map<std::string_view, const TensorEntry*, std::less<>> entries_;
};

// Every tensor of `path`, as views of the mapped files: a .safetensors file, the index of a sharded
// one (model.safetensors.index.json), or a folder that holds either under the name model. The
// shards and their index must name the same tensors. Throws DataError; for a file of torch.save one
// that says how to convert it.
NamedTensors read_weights(const std::filesystem::path& path);
// The files that read_weights(path) reads, an index before its shards.
std::vector<std::filesystem::path> weight_files(const std::filesystem::path& path);

}  // namespace stoker::weights
