#include "stoker/runs/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"

namespace stoker::runs {

namespace {

// What the holder wrote: its process number and host.
std::string holder_of(int descriptor) {
  std::array<char, 256> text{};
  const ssize_t length = ::pread(descriptor, text.data(), text.size(), 0);
  return length > 0 ? std::string(text.data(), static_cast<size_t>(length)) : "another process";
}

// 0, or why not. Whoever only looks (lock_holder) has it for less than a moment.
int lock_soon(int descriptor) {
  using namespace std::chrono_literals;
  for (const auto pause : {1ms, 5ms, 20ms, 50ms}) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK) return errno;
    std::this_thread::sleep_for(pause);
  }
  return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

std::string own_name() {
  std::array<char, 128> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

}  // namespace

std::optional<std::string> lock_holder(const std::filesystem::path& folder) {
  const Descriptor descriptor(open_retrying(folder / ".lock", O_RDONLY));
  if (descriptor.get() < 0) return std::nullopt;
  if (::flock(descriptor.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return std::nullopt;
  return holder_of(descriptor.get());
}

RunLock::RunLock(const std::filesystem::path& folder, std::string_view advice) {
  const std::filesystem::path path = folder / ".lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw FileError(
        fmt::format("{}: cannot open the run's lock: {}", path.string(), std::strerror(errno)));
  }
  if (const int error = lock_soon(descriptor_); error != 0) {
    const std::string holder = holder_of(descriptor_);
    ::close(descriptor_);
    if (error != EWOULDBLOCK) {
      throw FileError(fmt::format("{}: cannot lock: {}", path.string(), std::strerror(error)));
    }
    throw ConfigError(fmt::format("{} is in use by {}. {}", folder.string(), holder, advice));
  }
  const std::string name = own_name();
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, name.data(), name.size(), 0) != std::ssize(name)) {
    const int error = errno;
    ::close(descriptor_);
    throw FileError(fmt::format("{}: cannot write: {}", path.string(), std::strerror(error)));
  }
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace stoker::runs
