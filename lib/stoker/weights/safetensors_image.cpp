#include "stoker/weights/safetensors_image.h"

#include <ATen/ops/empty.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/weights/contiguous.h"
#include "stoker/weights/safetensors_header.h"

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

// Of the image's start, so that whole blocks go to the disk as they lie.
constexpr size_t kAlignment = 4096;

}  // namespace

void SafetensorsImage::make_room(size_t size_bytes, bool pinned) {
  const bool fits = memory_.defined() && memory_.nbytes() >= size_bytes + kAlignment;
  if (!fits || is_pinned_ != pinned) {
    size_bytes_ = 0;
    memory_ = at::Tensor();  // before the new one, or both would be there for a moment
    memory_ = at::empty({static_cast<int64_t>(size_bytes + kAlignment)},
                        at::TensorOptions().dtype(at::kByte).pinned_memory(pinned));
    is_pinned_ = pinned;
    const auto address = reinterpret_cast<uintptr_t>(memory_.mutable_data_ptr());
    begin_ = (kAlignment - address % kAlignment) % kAlignment;
  }
  size_bytes_ = size_bytes;
}

void SafetensorsImage::fill(const NamedTensors& tensors, const Metadata& metadata) {
  const std::vector<size_t> order = layout(tensors);
  const SafetensorsHeader header = header_of(tensors, order, metadata);
  const std::string text = format_safetensors_header(header);
  const bool pinned =
      std::ranges::any_of(tensors, [](const auto& t) { return t.second.is_cuda(); });
  make_room(text.size() + (header.tensors.empty() ? 0 : header.tensors.back().end), pinned);
  std::byte* const at = static_cast<std::byte*>(memory_.mutable_data_ptr()) + begin_;
  std::memcpy(at, text.data(), text.size());

  std::vector<ContiguousCopy> copies;
  std::optional<at::Device> device;
  for (size_t i = 0; i < order.size(); ++i) {
    const at::Tensor& tensor = tensors[order[i]].second;
    const size_t begin = text.size() + header.tensors[i].begin;
    if (tensor.is_cpu()) {
      copies.push_back({tensor, at + begin});
    } else if (tensor.numel() != 0) {
      // Turned on the device, which does it in no time; the host's copy goes on meanwhile.
      memory_.narrow(0, static_cast<int64_t>(begin_ + begin), static_cast<int64_t>(tensor.nbytes()))
          .view(tensor.scalar_type())
          .view(tensor.sizes())
          .copy_(tensor.detach().contiguous(), /*non_blocking=*/true);
      device = tensor.device();
    }
  }
  copy_contiguous(copies);
  if (device) c10::impl::VirtualGuardImpl(device->type()).getStream(*device).synchronize();
}

Bytes SafetensorsImage::bytes() const {
  if (size_bytes_ == 0) return {};
  return {static_cast<const std::byte*>(memory_.const_data_ptr()) + begin_, size_bytes_};
}

std::string SafetensorsImage::write(FileSystem& files, const std::filesystem::path& path) const {
  STOKER_CHECK(size_bytes_ != 0, "{}: nothing was laid out to be written", path.string());
  constexpr size_t kPieceBytes = size_t{4} << 20;
  AtomicFile file(files, path);
  Checksum sum;
  for (Bytes rest = bytes(); !rest.empty();) {
    const Bytes piece = rest.first(std::min(rest.size(), kPieceBytes));
    sum.update(piece);
    file.append(piece);
    rest = rest.subspan(piece.size());
  }
  file.commit();
  return sum.hex();
}

std::string write_safetensors(FileSystem& files, const std::filesystem::path& path,
                              const NamedTensors& tensors, const Metadata& metadata) {
  SafetensorsImage image;
  image.fill(tensors, metadata);
  return image.write(files, path);
}

}  // namespace stoker::weights
