// Files that must stay as they are while they are read through a map, which shows whatever another
// process writes into them.
//
//   const UnchangedFiles files(paths);
//   …map, read, copy…
//   files.check();
#pragma once

#include <filesystem>
#include <span>
#include <vector>

namespace stoker {

class UnchangedFiles {
 public:
  // Notes size and time of the last write. Throws FileError for one that is not there.
  explicit UnchangedFiles(std::span<const std::filesystem::path> paths);
  // Throws DataError naming the first whose size or time is another now, or that is gone.
  void check() const;

 private:
  struct Stamp {
    uint64_t size_bytes = 0;
    std::filesystem::file_time_type written;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::filesystem::path& path);

  std::vector<std::filesystem::path> paths_;
  std::vector<Stamp> stamps_;
};

}  // namespace stoker
