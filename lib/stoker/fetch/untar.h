// Unpacks a .tar.gz that holds one folder of plain files, whole or not at all.
//
//   unpack_tar_gz("cifar-10-binary.tar.gz", "data/cifar10/cifar-10-batches-bin");
//
// By libarchive (v7, ustar, pax and GNU headers, long names included), strict, for archives come
// from the network: regular files and folders only. Absolute paths, "..", links, devices, sparse
// files, two members of one name, anything outside the one top folder, a missing end marker, a
// wrong gzip checksum and whatever libarchive warns of are refused.
#pragma once

#include <cstdint>
#include <filesystem>

#include "stoker/core/file.h"

namespace stoker::fetch {

struct UnpackLimits {
  uint64_t most_bytes = uint64_t{8} << 30;  // unpacked
  int64_t most_files = 100'000;
};

// The archive's top folder must have the name of `folder`, which becomes it and must not exist.
// Throws DataError naming the archive, the member and the offset in the unpacked stream, and
// FileError for the disk; nothing is left at `folder` then.
void unpack_tar_gz(const std::filesystem::path& archive, const std::filesystem::path& folder,
                   const UnpackLimits& limits = {}, FileSystem& files = real_file_system());

}  // namespace stoker::fetch
