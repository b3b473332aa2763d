#include "stoker/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/text.h"

namespace stoker {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view what, const std::error_code& reason) {
  throw FileError(fmt::format("{}: cannot {}: {}", path.string(), what, reason.message()));
}
[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  fail(path, what, std::error_code(errno, std::generic_category()));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  int close() { return fd_ < 0 ? 0 : ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

// Bytes after which the disk is asked to start, so that it works while the next ones are made and
// the final fsync finds little left to do.
constexpr off_t kWriteOutBytes = off_t{8} << 20;

int open_retrying(const fs::path& path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

class RealFile : public WritableFile {
 public:
  explicit RealFile(const fs::path& path)
      : path_(path), fd_(open_retrying(path, O_WRONLY | O_CREAT | O_TRUNC, 0666)) {
    if (fd_.get() < 0) fail(path, "create the file");
  }

  void append(Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(path_, "write");
      bytes = bytes.subspan(static_cast<size_t>(written));
      written_ += written;
    }
    if (written_ - started_ >= kWriteOutBytes) start_write_out();
  }

  void sync() override {
    while (::fsync(fd_.get()) != 0) {
      if (errno != EINTR) fail(path_, "write to the disk");
    }
  }

  void close() override {
    // After EINTR the descriptor is gone on Linux all the same.
    if (fd_.close() != 0 && errno != EINTR) fail(path_, "close");
  }

 private:
  // A hint: where the system knows no such thing, fsync does it all, and reports what goes wrong.
  void start_write_out() {
    (void)::sync_file_range(fd_.get(), started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
    started_ = written_;
  }

  fs::path path_;
  Descriptor fd_;
  off_t written_ = 0, started_ = 0;
};

class RealFileSystem : public FileSystem {
 public:
  std::unique_ptr<WritableFile> create(const fs::path& path) override {
    return std::make_unique<RealFile>(path);
  }

  void rename(const fs::path& from, const fs::path& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
      fail(to, fmt::format("rename {} to it", from.string()));
    }
  }

  void remove_all(const fs::path& path) override {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) fail(path, "remove", error);
  }

  void make_directories(const fs::path& path) override {
    std::vector<fs::path> missing;
    for (fs::path folder = path; !folder.empty() && !fs::is_directory(status(folder));
         folder = folder.parent_path()) {
      missing.push_back(folder);
      if (folder == folder.parent_path()) break;
    }
    for (; !missing.empty(); missing.pop_back()) {
      const fs::path& folder = missing.back();
      if (folder.filename().empty()) continue;  // "a/b/" names a/b once more
      make_directory(folder);
    }
  }

  void make_directory(const fs::path& path) override {
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) fail(path, "create the folder");
    if (!fs::is_directory(status(path))) {
      fail(path, "create the folder", std::make_error_code(std::errc::not_a_directory));
    }
    sync_directory(path.has_parent_path() ? path.parent_path() : fs::path("."));
  }

  void sync_directory(const fs::path& path) override {
    Descriptor folder(open_retrying(path, O_RDONLY | O_DIRECTORY));
    if (folder.get() < 0) fail(path, "open the folder");
    while (::fsync(folder.get()) != 0) {
      if (errno == EINVAL || errno == ENOTSUP) return;  // a file system that has no such thing
      if (errno != EINTR) fail(path, "write the folder to the disk");
    }
  }

  void sync_file(const fs::path& path) override {
    Descriptor file(open_retrying(path, O_RDONLY));
    if (file.get() < 0) fail(path, "open");
    while (::fsync(file.get()) != 0) {
      if (errno != EINTR) fail(path, "write to the disk");
    }
  }

 private:
  static fs::file_status status(const fs::path& path) {
    std::error_code ignored;
    return fs::status(path, ignored);
  }
};

fs::path temporary_beside(const fs::path& path) {
  static std::atomic<unsigned> count{0};
  return path.parent_path() /
         fmt::format(".{}.tmp-{}-{}", path.filename().string(), ::getpid(), count++);
}

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

// What fails names the temporary; the reader knows only the file that was wanted.
template <typename Action>
void AtomicFile::naming_the_file(Action action) {
  try {
    action();
  } catch (const FileError& error) {
    throw FileError(fmt::format("{}: not written. {}", path_.string(), error.what()));
  }
}

AtomicFile::AtomicFile(FileSystem& files, const fs::path& path)
    : files_(files), path_(path), temporary_(temporary_beside(path)) {
  naming_the_file([&] { file_ = files_.create(temporary_); });
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) discard();
}

void AtomicFile::discard() noexcept {
  try {
    file_.reset();
    files_.remove_all(temporary_);
  } catch (const FileError&) {
    // The error that led here is the one to tell; a leftover does no harm.
  }
  temporary_.clear();
}

void AtomicFile::append(Bytes bytes) {
  naming_the_file([&] { file_->append(bytes); });
}

void AtomicFile::commit() {
  naming_the_file([&] {
    file_->sync();
    file_->close();
    files_.rename(temporary_, path_);
    temporary_.clear();
    files_.sync_directory(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
  });
}

void write_file_atomically(FileSystem& files, const fs::path& path, Bytes bytes) {
  AtomicFile file(files, path);
  file.append(bytes);
  file.commit();
}

std::string read_file(const fs::path& path, uint64_t limit_bytes) {
  Descriptor file(open_retrying(path, O_RDONLY));
  if (file.get() < 0) fail(path, "open");
  struct stat info;
  if (::fstat(file.get(), &info) != 0) fail(path, "read");
  // A byte more than the size says, so that the end is seen without growing; pipes tell no size.
  const auto told = static_cast<uint64_t>(std::max<off_t>(info.st_size, 0)) + 1;
  const uint64_t first_bytes = std::max<uint64_t>(std::min(told, limit_bytes + 1), 4096);
  std::string text(first_bytes, '\0');
  size_t size = 0;
  while (true) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "read");
    size += static_cast<size_t>(got);
    if (size > limit_bytes) {
      throw FileError(fmt::format("{}: larger than the {} that are read here.", path.string(),
                                  human_bytes(limit_bytes)));
    }
    if (got == 0) break;
    if (size == text.size()) text.resize(2 * text.size());
  }
  text.resize(size);
  return text;
}

MappedFile::MappedFile(const fs::path& path) {
  Descriptor file(open_retrying(path, O_RDONLY));
  if (file.get() < 0) fail(path, "open");
  struct stat info;
  if (::fstat(file.get(), &info) != 0) fail(path, "read");
  if (!S_ISREG(info.st_mode)) throw FileError(fmt::format("{}: not a file.", path.string()));
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
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace stoker
