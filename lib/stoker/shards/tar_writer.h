// Writes a tar archive whole or not at all: the same members give the same bytes.
//
//   TarWriter tar(real_file_system(), "train-000000.tar");
//   const uint64_t offset = tar.add("000000001.jpg", bytes);
//   tar.commit();
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::shards {

class TarWriter {
 public:
  TarWriter(FileSystem& files, const std::filesystem::path& path) : file_(files, path) {}

  // Returns where the content begins. Names have at most 100 bytes.
  uint64_t add(std::string_view name, Bytes content);
  // Adds what ends an archive and makes the file appear.
  void commit();
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  void append(Bytes bytes);

  AtomicFile file_;
  uint64_t size_bytes_ = 0;
  std::vector<std::byte> pending_;  // written in large pieces
};

}  // namespace stoker::shards
