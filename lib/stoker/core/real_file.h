// Files of the disk that are being written.
#pragma once

#include <sys/types.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "stoker/core/descriptor.h"
#include "stoker/core/file.h"

namespace stoker {

// As FileSystem::create() hands it out. Bytes are gathered, and what fills kStagingBytes goes past
// the page cache (O_DIRECT) where the file system can do that; as many at once that start at a
// block of memory are not even gathered. A checkpoint is not read again soon, its copy into the
// cache would take the processor from training and push out images that are read again, and fsync
// finds nothing left to do. What remains at the end, and so a small file as a whole, is written as
// usual.
class RealFile : public WritableFile {
 public:
  explicit RealFile(const std::filesystem::path& path);

  void append(Bytes bytes) override;
  void sync() override;
  void close() override;

  static constexpr size_t kStagingBytes = size_t{4} << 20;

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  void stage(Bytes bytes);  // no more than there is room for
  void begin();
  void flush();
  void write(Bytes bytes);
  bool set_direct(bool direct);
  void start_write_out();

  std::filesystem::path path_;
  Descriptor fd_;
  std::unique_ptr<std::byte, Free> staging_;
  size_t staged_bytes_ = 0;
  bool is_direct_ = false;
  off_t written_ = 0, started_ = 0;
};

// A file of the disk that grows at its end, as FileSystem::open_to_append() hands it out.
class GrowingFile : public WritableFile {
 public:
  explicit GrowingFile(const std::filesystem::path& path);

  void append(Bytes bytes) override;
  void sync() override;
  void close() override;

 private:
  std::filesystem::path path_;
  Descriptor fd_;
};

}  // namespace stoker
