// A safetensors file in memory, byte for byte as it will lie on the disk.
//
//   SafetensorsImage image;
//   image.fill(tensors, {{"format", "pt"}});   // the tensors may change from here on
//   image.write(files, path);                  // on another thread, say
//
// Costs the size of the file in host memory; page-locked where a tensor is on a GPU, which LibTorch
// rounds up to a power of two. For one thread at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "stoker/core/file.h"
#include "stoker/weights/safetensors.h"

namespace stoker::weights {

class SafetensorsImage {
 public:
  // Copies the tensors, of any layout and from any device, with all of LibTorch's threads. They lie
  // as the Python library lays them: by dtype, the widest first, then by name, which keeps each
  // aligned; the bytes are the same as its own. Memory of the call before is used again where it is
  // enough. Throws DataError for a name given twice and for a dtype that the format has not; the
  // image is then as it was.
  void fill(const NamedTensors& tensors, const Metadata& metadata = {});
  // The file; nothing before fill(). Starts at a whole page.
  Bytes bytes() const;
  // Writes it atomically and returns its checksum (core/checksum.h), taken on the way. Throws
  // FileError.
  std::string write(FileSystem& files, const std::filesystem::path& path) const;

 private:
  void make_room(size_t size_bytes, bool pinned);

  at::Tensor memory_;
  bool is_pinned_ = false;
  size_t begin_ = 0, size_bytes_ = 0;
};

// fill() and write() in one.
std::string write_safetensors(FileSystem& files, const std::filesystem::path& path,
                              const NamedTensors& tensors, const Metadata& metadata = {});

}  // namespace stoker::weights
