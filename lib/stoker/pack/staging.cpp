#include "stoker/pack/staging.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::pack {
namespace {

namespace fs = std::filesystem;

// Folders with this prefix whose process is gone.
void remove_leftovers(FileSystem& files, const fs::path& parent, const std::string& prefix) {
  if (!fs::is_directory(parent)) return;
  for (const auto& entry : fs::directory_iterator(parent)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    pid_t process = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, process);
    const bool is_gone = parsed.ec == std::errc() && parsed.ptr == end && process > 0 &&
                         ::kill(process, 0) != 0 && errno == ESRCH;
    if (is_gone) files.remove_all(entry.path());
  }
}

}  // namespace

StagedFolder::StagedFolder(FileSystem& files, const fs::path& place)
    : files_(files), place_(place.has_filename() ? place : place.parent_path()) {
  if (fs::exists(place_) && !(fs::is_directory(place_) && fs::is_empty(place_)))
    throw DataError(
        fmt::format("{} is there already. Remove it to write it again, or name another place",
                    shown(place_.string())));
  parent_ = place_.has_parent_path() ? place_.parent_path() : fs::path(".");
  const std::string prefix = fmt::format(".{}.packing-", place_.filename().string());
  remove_leftovers(files_, parent_, prefix);
  staged_ = parent_ / fmt::format("{}{}", prefix, ::getpid());
  files_.remove_all(staged_);
  files_.make_directories(staged_);
}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staged_, ignored);
}

void StagedFolder::commit() {
  files_.sync_directory(staged_);
  files_.rename(staged_, place_);
  committed_ = true;
  files_.sync_directory(parent_);
}

}  // namespace stoker::pack
