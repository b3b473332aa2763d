// The part of a download that has arrived, on disk and locked against a second process.
#pragma once

#include <cstdint>
#include <filesystem>

#include "stoker/core/file.h"

namespace stoker::fetch {

// Every method throws FileError with the path and the system's reason.
class PartFile {
 public:
  // Opens or makes the file. Throws FileError when another process has it open.
  explicit PartFile(const std::filesystem::path& path);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  int64_t size_bytes() const { return size_bytes_; }
  void append(Bytes bytes);
  void clear();
  void sync();
  std::string sha256() const;

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  int64_t size_bytes_ = 0;
};

// Lower-case hexadecimal, read in pieces.
std::string file_sha256(const std::filesystem::path& path);

}  // namespace stoker::fetch
