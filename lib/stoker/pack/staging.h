// A folder that is there whole or not at all: filled beside its place under a hidden name, then
// renamed. Killed on the way, it leaves ".<name>.packing-<process>" behind, which the next one into
// the same place removes.
#pragma once

#include <filesystem>

#include "stoker/core/file.h"

namespace stoker::pack {

class StagedFolder {
 public:
  // Throws DataError if something is at `place` already, other than an empty folder.
  StagedFolder(FileSystem& files, const std::filesystem::path& place);
  ~StagedFolder();  // removes what was not committed
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::filesystem::path& path() const { return staged_; }
  void commit();

 private:
  FileSystem& files_;
  std::filesystem::path place_, parent_, staged_;
  bool committed_ = false;
};

}  // namespace stoker::pack
