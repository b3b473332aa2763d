// Files, written whole or not at all, through a layer that tests replace.
//
// Nothing in stoker that must survive a crash calls open or rename by itself: it goes through
// FileSystem, so that a test can fail the n-th operation, write short, fill the disk or drop what
// was not synced.
//
//   write_file_atomically(real_file_system(), "runs/a/1/summary.json", bytes);
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stoker {

using Bytes = std::span<const std::byte>;
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual void append(Bytes bytes) = 0;
  virtual void sync() = 0;  // fsync
  virtual void close() = 0;
};

// Operations that change the disk. Every method throws FileError naming the path and the system's
// reason. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual std::unique_ptr<WritableFile> create(const std::filesystem::path& path) = 0;
  // A file that others may read while it grows, made where there is none: what append() was given
  // is with the system when it returns.
  virtual std::unique_ptr<WritableFile> open_to_append(const std::filesystem::path& path) = 0;
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual void remove_all(const std::filesystem::path& path) = 0;
  // In a parent that must be there; a folder that is there already stays.
  virtual void make_directory(const std::filesystem::path& path) = 0;
  // With its missing parents; each new folder's entry is on the disk when this returns.
  virtual void make_directories(const std::filesystem::path& path) = 0;
  virtual void sync_directory(const std::filesystem::path& path) = 0;
  // fsync of a file that someone else writes.
  virtual void sync_file(const std::filesystem::path& path) = 0;
};

FileSystem& real_file_system();

// A file that appears whole when it is committed: temporary file beside `path`, write, fsync,
// rename, fsync of the folder. Until then, and when it is destroyed without a commit, the old
// content stays. A crash may leave ".<name>.tmp-…" behind.
class AtomicFile {
 public:
  AtomicFile(FileSystem& files, const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void append(Bytes bytes);
  void commit();

 private:
  template <typename Action>
  void naming_the_file(Action action);
  void discard() noexcept;

  FileSystem& files_;
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::unique_ptr<WritableFile> file_;
};

void write_file_atomically(FileSystem& files, const std::filesystem::path& path, Bytes bytes);

// The whole file; throws FileError if it is missing, unreadable, no regular file (a named pipe
// would wait for a writer for ever), or larger than `limit_bytes`.
std::string read_file(const std::filesystem::path& path, uint64_t limit_bytes = uint64_t{1} << 32);
// The same, or all that comes through a pipe until its writer closes it: `<(command)`, /dev/stdin.
std::string read_file_or_pipe(const std::filesystem::path& path, uint64_t limit_bytes);

// A read-only memory map of a regular file; throws FileError as read_file. Where the file shrinks
// while it is mapped, what it lost reads as zeros to the end of that page and ends the process
// after it (bus_error.h); whoever cannot rule that out asks is_whole() once the bytes were used.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  Bytes bytes() const { return {data_, size_}; }
  // False where the file is shorter than when it was mapped. One stat of the path that it had; a
  // file that was removed or replaced since counts as whole, for the map holds it as it was.
  bool is_whole() const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  std::filesystem::path path_;
  uint64_t device_ = 0, inode_ = 0;
};

}  // namespace stoker
