#include "stoker/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"
#include "stoker/core/real_file.h"
#include "stoker/core/shown.h"

namespace stoker {
namespace {

namespace fs = std::filesystem;

class RealFileSystem : public FileSystem {
 public:
  std::unique_ptr<WritableFile> create(const fs::path& path) override {
    return std::make_unique<RealFile>(path);
  }

  std::unique_ptr<WritableFile> open_to_append(const fs::path& path) override {
    return std::make_unique<GrowingFile>(path);
  }

  void rename(const fs::path& from, const fs::path& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
      fail(to, fmt::format("rename {} to it", shown(from.string())));
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
    const Descriptor file(open_retrying(path, O_RDONLY | O_NONBLOCK));
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
    throw FileError(fmt::format("{}: not written. {}", shown(path_.string()), error.what()));
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

}  // namespace stoker
