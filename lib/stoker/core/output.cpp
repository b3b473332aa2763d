#include "stoker/core/output.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/shown.h"

namespace stoker {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(std::string_view option, const fs::path& path, std::string_view problem) {
  throw ConfigError(fmt::format("{} {}: {}", option, shown(path.string()), problem));
}

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

bool is_pipe_like(mode_t mode) { return S_ISFIFO(mode) || S_ISCHR(mode) || S_ISSOCK(mode); }

// The file that an open descriptor of this process holds, where `path` is another name of it
// (/dev/stdout, /proc/self/fd/3): replacing the file would leave the descriptor with the old one.
std::optional<int> own_descriptor(const fs::path& path) {
  if (path == "-" || path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  const fs::path folder = path.parent_path();
  const std::string name = path.filename().string();
  const bool is_listed = folder == "/dev/fd" || folder == "/proc/self/fd";
  if (!is_listed || name.empty() || name.size() > 6 ||
      name.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoi(name);
}

// Where the links at the end of a path lead; what is at that place need not exist.
fs::path followed(fs::path path) {
  constexpr int kMostLinks = 40;  // as the system counts them
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(fs::symlink_status(path, error)); ++i) {
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / target;  // an absolute target replaces all
  }
  return path;
}

void check_place(std::string_view option, const fs::path& path) {
  if (path.empty()) refuse(option, path, "expected the name of a file");
  if (own_descriptor(path)) return;
  if (const auto info = status_of(path)) {
    if (S_ISDIR(info->st_mode))
      refuse(option, path, "is a directory; expected the name of a file, in it or elsewhere");
    if (S_ISBLK(info->st_mode)) refuse(option, path, "is a disk; expected the name of a file");
    return;
  }
  const fs::path target = followed(path);
  if (target.filename().empty()) refuse(option, path, "no such folder; make it first");
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const auto info = status_of(folder);
  if (!info)
    refuse(option, path,
           fmt::format("the folder {} is not there; make it first", shown(folder.string())));
  if (!S_ISDIR(info->st_mode))
    refuse(option, path, fmt::format("{} is no folder", shown(folder.string())));
}

void write_all(const fs::path& path, int fd, Bytes bytes) {
  std::string text;
  if (::isatty(fd) == 1) {
    text = shown_message({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    bytes = as_bytes(text);
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // a descriptor that somebody made non-blocking
      pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
      (void)::poll(&ready, 1, 100);
      if (interrupt_signal() != 0)
        throw Interrupted(fmt::format("{}: interrupted while writing", path.string()));
      continue;
    }
    if (written < 0) fail(path, "write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void write_to_descriptor(const fs::path& path, int fd, Bytes bytes) {
  // What was printed before comes first.
  if (std::fflush(stdout) != 0) fail("standard output", "write");
  write_all(path == "-" ? fs::path("standard output") : path, fd, bytes);
}

// A named pipe is opened once it has a reader; meanwhile Ctrl-C ends the wait.
void write_into(const fs::path& path, Bytes bytes) {
  int fd = -1;
  while ((fd = ::open(path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) < 0) {
    const std::error_code reason(errno, std::generic_category());
    const bool is_waiting = reason.value() == ENXIO && fs::is_fifo(path);
    if (!is_waiting && reason.value() != EINTR) fail(path, "open the file to write", reason);
    if (interrupt_signal() != 0)
      throw Interrupted(fmt::format("{}: not written: nobody reads the pipe", path.string()));
    ::usleep(20'000);
  }
  Descriptor file(fd);
  write_all(path, fd, bytes);
  if (file.close() != 0) fail(path, "close");
}

}  // namespace

bool is_standard_output(const fs::path& path) {
  if (own_descriptor(path) == STDOUT_FILENO) return true;
  struct stat output;
  const auto info = status_of(path);
  return info && ::fstat(STDOUT_FILENO, &output) == 0 && info->st_dev == output.st_dev &&
         info->st_ino == output.st_ino && !S_ISDIR(info->st_mode);
}

bool is_special_file(const fs::path& path) {
  const auto info = status_of(path);
  return info && is_pipe_like(info->st_mode);
}

void check_output(std::string_view option, const fs::path& path, OutputKind kind) {
  check_place(option, path);
  if (kind == OutputKind::kBinary && is_standard_output(path) && ::isatty(STDOUT_FILENO) == 1)
    refuse(option, path, "a picture would go to the terminal; name a file, or pipe it on");
}

void write_output(std::string_view option, const fs::path& path, Bytes bytes) {
  check_place(option, path);
  if (const auto fd = own_descriptor(path)) {
    write_to_descriptor(path, *fd, bytes);
  } else if (is_standard_output(path)) {
    write_to_descriptor(path, STDOUT_FILENO, bytes);
  } else if (is_special_file(path)) {
    write_into(path, bytes);
  } else {
    write_file_atomically(real_file_system(), followed(path), bytes);
  }
}

}  // namespace stoker
