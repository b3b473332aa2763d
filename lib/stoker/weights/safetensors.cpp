#include "stoker/weights/safetensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <cstring>

#include "stoker/core/error.h"
#include "stoker/weights/foreign_file.h"

namespace stoker::weights {

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), map_(std::make_shared<const MappedFile>(path)) {
  try {
    header_ = parse_safetensors_header(map_->bytes());
  } catch (const DataError& error) {
    const std::string foreign = foreign_file(path, map_->bytes());
    throw DataError(
        fmt::format("{}: {}.", path.string(), foreign.empty() ? error.what() : foreign.c_str()));
  }
  for (const TensorEntry& tensor : header_.tensors) {
    names_.push_back(tensor.name);
    entries_.emplace(tensor.name, &tensor);
  }
}

bool SafetensorsFile::contains(std::string_view name) const { return entries_.contains(name); }

at::Tensor SafetensorsFile::tensor(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw DataError(fmt::format("{}: no tensor is named {}.", path_.string(), name));
  }
  const TensorEntry& entry = *found->second;
  const auto options = at::TensorOptions().dtype(entry.dtype).device(at::kCPU);
  const size_t size_bytes = entry.end - entry.begin;
  if (size_bytes == 0) return at::empty(entry.shape, options);
  const std::byte* data = map_->bytes().data() + header_.data_offset + entry.begin;
  if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(entry.dtype) != 0) {
    at::Tensor copy = at::empty(entry.shape, options);
    std::memcpy(copy.mutable_data_ptr(), data, size_bytes);
    return copy;
  }
  return at::from_blob(
      const_cast<std::byte*>(data), entry.shape, [map = map_](void*) {}, options);
}

}  // namespace stoker::weights
