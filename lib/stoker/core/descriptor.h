// File descriptors, for sources that talk to the system themselves.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker {

[[noreturn]] inline void fail(const std::filesystem::path& path, std::string_view what,
                              const std::error_code& reason) {
  throw FileError(fmt::format("{}: cannot {}: {}", shown(path.string()), what, reason.message()));
}
[[noreturn]] inline void fail(const std::filesystem::path& path, std::string_view what) {
  fail(path, what, std::error_code(errno, std::generic_category()));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  int close() { return fd_ < 0 ? 0 : ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

inline int open_retrying(const std::filesystem::path& path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace stoker
