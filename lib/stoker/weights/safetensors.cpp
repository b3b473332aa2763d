#include "stoker/weights/safetensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/weights/contiguous.h"

namespace stoker::weights {
namespace {

size_t rank_of(c10::ScalarType dtype) {
  const auto dtypes = safetensors_dtypes();
  const auto row = std::find_if(dtypes.begin(), dtypes.end(), [&](const SafetensorsDtype& known) {
    return known.dtype == dtype;
  });
  if (row == dtypes.end()) {
    throw DataError(fmt::format("safetensors has no dtype for {}.", c10::toString(dtype)));
  }
  return static_cast<size_t>(row - dtypes.begin());
}

// Positions in `tensors` in the order of the file.
std::vector<size_t> layout(const NamedTensors& tensors) {
  std::vector<size_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const size_t rank_a = rank_of(tensors[a].second.scalar_type());
    const size_t rank_b = rank_of(tensors[b].second.scalar_type());
    return std::tie(rank_b, tensors[a].first) < std::tie(rank_a, tensors[b].first);
  });
  return order;
}

SafetensorsHeader header_of(const NamedTensors& tensors, const std::vector<size_t>& order,
                            const Metadata& metadata) {
  SafetensorsHeader header{.metadata = metadata};
  std::map<std::string_view, size_t> seen;
  uint64_t at = 0;
  for (const size_t i : order) {
    const auto& [name, tensor] = tensors[i];
    if (name == "__metadata__" || !seen.emplace(name, i).second) {
      throw DataError(fmt::format("The tensor name {} is given twice or reserved.", name));
    }
    header.tensors.push_back({.name = name,
                              .dtype = tensor.scalar_type(),
                              .shape = tensor.sizes().vec(),
                              .begin = at,
                              .end = at + tensor.nbytes()});
    at = header.tensors.back().end;
  }
  return header;
}

}  // namespace

std::string write_safetensors(FileSystem& files, const std::filesystem::path& path,
                              const NamedTensors& tensors, const Metadata& metadata) {
  const std::vector<size_t> order = layout(tensors);
  const std::string header = format_safetensors_header(header_of(tensors, order, metadata));
  AtomicFile file(files, path);
  Checksum sum;
  const auto append = [&](Bytes bytes) {
    sum.update(bytes);
    file.append(bytes);
  };
  append(as_bytes(header));
  for (const size_t i : order) for_each_piece(tensors[i].second, append);
  file.commit();
  return sum.hex();
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), map_(std::make_shared<const MappedFile>(path)) {
  try {
    header_ = parse_safetensors_header(map_->bytes());
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}.", path.string(), error.what()));
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
