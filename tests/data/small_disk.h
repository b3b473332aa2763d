// A disk that is soon full, for tests.
#pragma once

#include <sys/mount.h>

#include <filesystem>

#include "support/catch.h"

namespace stoker::test {

// A folder on a disk of its own; is_there() is false where this user may not mount.
class SmallDisk {
 public:
  SmallDisk(const std::filesystem::path& path, const char* size) : path_(path) {
    std::filesystem::create_directories(path);
    is_there_ = ::mount("none", path.c_str(), "tmpfs", 0, size) == 0;
    if (!is_there_) WARN("skipped: mounting a small disk needs rights that this user lacks");
  }
  ~SmallDisk() {
    if (is_there_) ::umount(path_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_there() const { return is_there_; }

 private:
  std::filesystem::path path_;
  bool is_there_ = false;
};

}  // namespace stoker::test
