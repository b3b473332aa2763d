#include "stoker/core/unchanged_files.h"

#include <fmt/format.h>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker {

UnchangedFiles::UnchangedFiles(std::span<const std::filesystem::path> paths)
    : paths_(paths.begin(), paths.end()) {
  for (const auto& path : paths_) stamps_.push_back(stamp_of(path));
}

UnchangedFiles::Stamp UnchangedFiles::stamp_of(const std::filesystem::path& path) {
  try {
    return {std::filesystem::file_size(path), std::filesystem::last_write_time(path)};
  } catch (const std::filesystem::filesystem_error& error) {
    throw FileError(
        fmt::format("{}: cannot read: {}", shown(path.string()), error.code().message()));
  }
}

void UnchangedFiles::check() const {
  for (size_t i = 0; i < paths_.size(); ++i) {
    bool is_same = false;
    try {
      is_same = stamp_of(paths_[i]) == stamps_[i];
    } catch (const FileError&) {
      // gone
    }
    if (is_same) continue;
    throw DataError(fmt::format(
        "{}: another process changed the file while it was read; start again once that is done",
        shown(paths_[i].string())));
  }
}

}  // namespace stoker
