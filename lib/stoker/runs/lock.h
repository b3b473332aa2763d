// One process at a time in a run's folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace stoker::runs {

inline constexpr std::string_view kRunLockAdvice =
    "Wait for it, stop it, or start a run of your own without --resume.";

// Who holds a run's lock, "process 12 on a1"; nothing where nobody does. Takes the lock of a run
// that nobody has for a moment, which a RunLock waits out.
std::optional<std::string> lock_holder(const std::filesystem::path& folder);

// Holds <folder>/.lock for its lifetime. The kernel drops the lock with the process that holds it,
// however that ends, so that there are no stale ones. The constructor throws ConfigError naming the
// process that holds it and what to do, and FileError where no lock can be had.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& folder, std::string_view advice = kRunLockAdvice);
  ~RunLock();
  RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  RunLock& operator=(RunLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

 private:
  int descriptor_ = -1;
};

}  // namespace stoker::runs
