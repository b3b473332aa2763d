// One IDX file of unsigned bytes: a magic number, the sizes of its dimensions, the values.
//
//   IdxFile images = read_idx("train-images-idx3-ubyte.gz", 3);
//   images.sizes == {60000, 28, 28}, images.values() are their pixels
#pragma once

#include <filesystem>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::data {

class IdxFile {
 public:
  std::vector<int64_t> sizes;
  Bytes values() const { return Bytes(content).subspan(4 + 4 * sizes.size()); }

  std::vector<std::byte> content;  // the file, unpacked
};

// Throws DataError unless the file holds exactly what its header says, in this many dimensions.
IdxFile read_idx(const std::filesystem::path& path, size_t dimensions);

}  // namespace stoker::data
