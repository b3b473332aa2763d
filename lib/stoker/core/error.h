// The errors of stoker and the exit codes they end a process with.
//
// Thrown deep with everything a reader needs (what, where, what was expected, what to do) and
// caught once, in apps. A message is one or more whole sentences; it never ends in a newline.
//
//   throw DataError(fmt::format("{}: not a JPEG: it starts with {:#x}", path, magic));
//   STOKER_CHECK(begin <= end, "begin={} end={}", begin, end);
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace stoker {

enum class ExitCode : int {
  kDone = 0,
  kDifferent = 1,     // a comparison that was asked for found a difference
  kUsage = 2,         // command line or configuration
  kData = 3,          // unreadable or unfit data
  kDevice = 4,        // no such device, driver too old, device lost
  kOutOfMemory = 5,   // that no smaller micro-batch cures
  kDiverged = 6,      // non-finite beyond the limit
  kInternal = 70,     // a defect of stoker
  kInterrupted = 75,  // checkpoint written; the same command goes on
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode exit_code() const { return code_; }

 private:
  ExitCode code_;
};

// A mistake in a configuration or on the command line. Names file, line and key where they exist.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};

// Data that cannot be read or does not fit. Names the file, and the byte offset where known.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(ExitCode::kData, message) {}
};

class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message) : Error(ExitCode::kDevice, message) {}
};

// Says what was asked, what was free and what to change.
class OutOfMemory : public Error {
 public:
  explicit OutOfMemory(const std::string& message) : Error(ExitCode::kOutOfMemory, message) {}
};

class Diverged : public Error {
 public:
  explicit Diverged(const std::string& message) : Error(ExitCode::kDiverged, message) {}
};

// A file that could not be written or read for the system's reasons: disk full, permission.
class FileError : public Error {
 public:
  explicit FileError(const std::string& message) : Error(ExitCode::kData, message) {}
};

// Work that was left at the user's request; what could be saved was saved.
class Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& message) : Error(ExitCode::kInterrupted, message) {}
};

// A violated precondition inside stoker.
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& message) : Error(ExitCode::kInternal, message) {}
};

namespace detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const std::string& values);
}  // namespace detail

}  // namespace stoker

// Throws InternalError with the condition, the place and the values when `condition` is false.
#define STOKER_CHECK(condition, ...)                                                            \
  do {                                                                                          \
    if (!(condition)) [[unlikely]]                                                              \
      ::stoker::detail::check_failed(#condition, __FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (false)
