#include "stoker/fetch/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "stoker/core/text.h"

namespace stoker::fetch {

PartFile::PartFile(const std::filesystem::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("cannot create the file");
  struct stat status {};
  const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  if (!locked || ::fstat(descriptor_, &status) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    errno = reason;
    if (locked || reason != EWOULDBLOCK) fail("cannot lock the file");
    throw FileError(fmt::format("{}: another process is downloading it.", path.string()));
  }
  size_bytes_ = status.st_size;
}

PartFile::~PartFile() { ::close(descriptor_); }

void PartFile::fail(const char* what) const {
  const std::error_code reason(errno, std::generic_category());
  std::string advice;
  if (reason == std::errc::no_space_on_device) {
    std::error_code ignored;
    const auto space = std::filesystem::space(path_.parent_path(), ignored);
    advice =
        fmt::format(" ({} free). Make room and run the command again: it goes on from {}",
                    human_bytes(ignored ? 0 : space.available), human_bytes(uint64_t(size_bytes_)));
  }
  throw FileError(fmt::format("{}: {}: {}{}.", path_.string(), what, reason.message(), advice));
}

void PartFile::append(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write");
    size_bytes_ += written;
    bytes = bytes.subspan(size_t(written));
  }
}

void PartFile::clear() {
  if (::ftruncate(descriptor_, 0) != 0) fail("cannot empty the file");
  size_bytes_ = 0;
}

void PartFile::sync() {
  while (::fsync(descriptor_) != 0)
    if (errno != EINTR) fail("cannot write to the disk");
}

std::string PartFile::sha256() const { return file_sha256(path_); }

std::string file_sha256(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> piece(size_t{1} << 20);
  Sha256 hash;
  while (file) {
    file.read(piece.data(), std::streamsize(piece.size()));
    hash.update(as_bytes({piece.data(), size_t(file.gcount())}));
  }
  if (!file.eof()) throw FileError(fmt::format("{}: cannot read the file.", path.string()));
  return hash.hex();
}

}  // namespace stoker::fetch
