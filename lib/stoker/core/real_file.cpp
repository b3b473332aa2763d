#include "stoker/core/real_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace stoker {
namespace {

constexpr size_t kBlockBytes = 4096;  // what O_DIRECT's memory and lengths are multiples of

void sync_now(const Descriptor& fd, const std::filesystem::path& path) {
  while (::fsync(fd.get()) != 0) {
    if (errno != EINTR) fail(path, "write to the disk");
  }
}

void close_now(Descriptor& fd, const std::filesystem::path& path) {
  // After EINTR the descriptor is gone on Linux all the same.
  if (fd.close() != 0 && errno != EINTR) fail(path, "close");
}

}  // namespace

RealFile::RealFile(const std::filesystem::path& path)
    : path_(path), fd_(open_retrying(path, O_WRONLY | O_CREAT | O_TRUNC, 0666)) {
  if (fd_.get() < 0) fail(path, "create the file");
}

void RealFile::append(Bytes bytes) {
  while (!bytes.empty()) {
    const bool goes_as_it_lies = staged_bytes_ == 0 && bytes.size() >= kStagingBytes &&
                                 reinterpret_cast<uintptr_t>(bytes.data()) % kBlockBytes == 0;
    const size_t written = goes_as_it_lies ? bytes.size() / kBlockBytes * kBlockBytes
                                           : std::min(bytes.size(), kStagingBytes - staged_bytes_);
    if (goes_as_it_lies) {
      begin();
      write(bytes.first(written));
    } else {
      stage(bytes.first(written));
    }
    bytes = bytes.subspan(written);
  }
}

void RealFile::stage(Bytes bytes) {
  if (!staging_) {
    staging_.reset(static_cast<std::byte*>(std::aligned_alloc(kBlockBytes, kStagingBytes)));
    if (!staging_) throw std::bad_alloc();
  }
  std::memcpy(staging_.get() + staged_bytes_, bytes.data(), bytes.size());
  staged_bytes_ += bytes.size();
  if (staged_bytes_ < kStagingBytes) return;
  begin();
  flush();
}

void RealFile::begin() {
  if (written_ == 0) is_direct_ = set_direct(true);
}

bool RealFile::set_direct(bool direct) {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  if (flags < 0) return false;
  return ::fcntl(fd_.get(), F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

void RealFile::flush() {
  write({staging_.get(), staged_bytes_});
  staged_bytes_ = 0;
}

void RealFile::write(Bytes bytes) {
  while (!bytes.empty()) {
    // A rest that is no whole block, and all that follows it, goes the usual way.
    if (is_direct_ && bytes.size() % kBlockBytes != 0) is_direct_ = !set_direct(false);
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EINVAL && is_direct_) {
      is_direct_ = false;
      if (set_direct(false)) continue;
    }
    if (written < 0) fail(path_, "write");
    bytes = bytes.subspan(static_cast<size_t>(written));
    written_ += written;
  }
  if (!is_direct_) start_write_out();
}

// So that the disk works while the next bytes are made. A hint: where the system knows no such
// thing, fsync does it all, and reports what goes wrong.
void RealFile::start_write_out() {
  constexpr off_t kWriteOutBytes = off_t{8} << 20;
  if (written_ - started_ < kWriteOutBytes) return;
  (void)::sync_file_range(fd_.get(), started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
  started_ = written_;
}

void RealFile::sync() {
  flush();
  sync_now(fd_, path_);
}

void RealFile::close() {
  flush();
  staging_.reset();
  close_now(fd_, path_);
}

GrowingFile::GrowingFile(const std::filesystem::path& path)
    : path_(path), fd_(open_retrying(path, O_WRONLY | O_CREAT | O_APPEND, 0666)) {
  if (fd_.get() < 0) fail(path, "open the file to write at its end");
}

void GrowingFile::append(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void GrowingFile::sync() { sync_now(fd_, path_); }
void GrowingFile::close() { close_now(fd_, path_); }

}  // namespace stoker
