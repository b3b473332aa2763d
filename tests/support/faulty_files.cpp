#include "support/faulty_files.h"

#include <fmt/format.h>

#include <utility>

#include "stoker/core/error.h"

namespace stoker::test {

namespace fs = std::filesystem;

class FaultyFiles::File : public WritableFile {
 public:
  File(FaultyFiles& files, fs::path path, std::unique_ptr<WritableFile> inner)
      : files_(files), path_(std::move(path)), inner_(std::move(inner)) {}

  void append(Bytes bytes) override {
    if (files_.fails_now()) {
      if (files_.fault_.kind == Fault::Kind::kShortWrite) {
        inner_->append(bytes.first(bytes.size() / 2));
      }
      files_.fail(path_, "write");
    }
    inner_->append(bytes);
  }
  void sync() override {
    files_.count(path_, "write to the disk");
    inner_->sync();
  }
  void close() override {
    files_.count(path_, "close");
    inner_->close();
  }

 private:
  FaultyFiles& files_;
  fs::path path_;
  std::unique_ptr<WritableFile> inner_;
};

bool FaultyFiles::fails_now() {
  const int64_t operation = operations_++;
  return operation == fault_.at || (fault_.forever && operation > fault_.at);
}

void FaultyFiles::count(const fs::path& path, const char* what) {
  if (fails_now()) fail(path, what);
}

void FaultyFiles::fail(const fs::path& path, const char* what) const {
  const char* reason =
      fault_.kind == Fault::Kind::kError ? "Input/output error" : "No space left on device";
  throw FileError(fmt::format("{}: cannot {}: {}", path.string(), what, reason));
}

std::unique_ptr<WritableFile> FaultyFiles::create(const fs::path& path) {
  count(path, "create the file");
  return std::make_unique<File>(*this, path, inner_.create(path));
}

std::unique_ptr<WritableFile> FaultyFiles::open_to_append(const fs::path& path) {
  count(path, "open the file");
  return std::make_unique<File>(*this, path, inner_.open_to_append(path));
}

void FaultyFiles::rename(const fs::path& from, const fs::path& to) {
  count(to, "rename");
  inner_.rename(from, to);
}

void FaultyFiles::remove_all(const fs::path& path) {
  count(path, "remove");
  inner_.remove_all(path);
}

void FaultyFiles::make_directory(const fs::path& path) {
  count(path, "create the folder");
  inner_.make_directory(path);
}

void FaultyFiles::make_directories(const fs::path& path) {
  count(path, "create the folder");
  inner_.make_directories(path);
}

void FaultyFiles::sync_directory(const fs::path& path) {
  count(path, "write the folder to the disk");
  inner_.sync_directory(path);
}

void FaultyFiles::sync_file(const fs::path& path) {
  count(path, "write to the disk");
  inner_.sync_file(path);
}

}  // namespace stoker::test
