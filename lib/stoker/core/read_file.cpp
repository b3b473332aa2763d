#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"

namespace stoker {
namespace {

namespace fs = std::filesystem;

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

enum class Pipes { kRefused, kRead };

// Opens what holds its content, with its status in `info`. O_NONBLOCK where pipes are refused,
// because a named one would wait for a writer.
int open_to_read(const fs::path& path, struct stat& info, Pipes pipes) {
  const int waiting = pipes == Pipes::kRead ? 0 : O_NONBLOCK;
  Descriptor file(open_retrying(path, O_RDONLY | O_NOCTTY | waiting));
  // A socket cannot even be opened.
  const bool is_socket = file.get() < 0 && errno == ENXIO && ::stat(path.c_str(), &info) == 0;
  if (file.get() < 0 && !is_socket) fail(path, "open");
  if (!is_socket && ::fstat(file.get(), &info) != 0) fail(path, "read");
  const bool is_read_pipe = pipes == Pipes::kRead && S_ISFIFO(info.st_mode);
  if (!S_ISREG(info.st_mode) && !is_read_pipe)
    throw FileError(fmt::format("{}: is {}, expected a regular file.", shown(path.string()),
                                kind_of(info.st_mode)));
  return file.release();
}

std::string read_all(const fs::path& path, uint64_t limit_bytes, Pipes pipes) {
  struct stat info;
  const Descriptor file(open_to_read(path, info, pipes));
  // A byte more than the size says, so that the end is seen without growing; /proc tells no sizes.
  const auto expected_bytes = static_cast<uint64_t>(std::max<off_t>(info.st_size, 0)) + 1;
  const uint64_t first_bytes = std::max<uint64_t>(std::min(expected_bytes, limit_bytes + 1), 4096);
  std::string text(first_bytes, '\0');
  size_t size = 0;
  while (true) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "read");
    size += static_cast<size_t>(got);
    if (size > limit_bytes) {
      throw FileError(fmt::format("{}: larger than the {} that are read here.",
                                  shown(path.string()), human_bytes(limit_bytes)));
    }
    if (got == 0) break;
    if (size == text.size()) text.resize(2 * text.size());
  }
  text.resize(size);
  return text;
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t limit_bytes) {
  return read_all(path, limit_bytes, Pipes::kRefused);
}

std::string read_file_or_pipe(const fs::path& path, uint64_t limit_bytes) {
  return read_all(path, limit_bytes, Pipes::kRead);
}

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  struct stat info;
  const Descriptor file(open_to_read(path, info, Pipes::kRefused));
  device_ = info.st_dev;
  inode_ = info.st_ino;
  if (info.st_size == 0) return;  // mmap refuses a length of zero
  void* data =
      ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) fail(path, "map into memory");
  data_ = static_cast<const std::byte*>(data);
  size_ = static_cast<size_t>(info.st_size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      path_(std::move(other.path_)),
      device_(other.device_),
      inode_(other.inode_) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

bool MappedFile::is_whole() const {
  struct stat info;
  if (::stat(path_.c_str(), &info) != 0) return true;
  const bool is_same = info.st_dev == device_ && info.st_ino == inode_;
  return !is_same || static_cast<uint64_t>(info.st_size) >= size_;
}

}  // namespace stoker
