// A file system that fails where a test says, and one that forgets what was not synced.
//
//   FaultyFiles count(real_file_system());          // fails nothing, counts
//   save(count);
//   for (int64_t n = 0; n < count.operations(); ++n) {
//     ForgetfulFiles disk(folder);
//     FaultyFiles faulty(disk, {.at = n, .forever = true});
//     CHECK_THROWS_AS(save(faulty), FileError);
//     disk.restart(ForgetfulFiles::Lost::kEverythingUnsynced);
//     …the folder holds what a machine finds after a power cut…
//   }
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>

#include "stoker/core/file.h"

namespace stoker::test {

struct Fault {
  enum class Kind {
    kError,       // the operation does nothing and throws
    kNoSpace,     // the same, with the words of a full disk
    kShortWrite,  // an append writes its first half, then throws as a full disk does
  };
  int64_t at = std::numeric_limits<int64_t>::max();  // the operation, from 0
  bool forever = false;                              // and all that follow
  Kind kind = Kind::kError;
};

// Every method of FileSystem and of its files is one operation.
class FaultyFiles : public FileSystem {
 public:
  explicit FaultyFiles(FileSystem& inner, Fault fault = {}) : inner_(inner), fault_(fault) {}
  int64_t operations() const { return operations_; }

  std::unique_ptr<WritableFile> create(const std::filesystem::path& path) override;
  std::unique_ptr<WritableFile> open_to_append(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove_all(const std::filesystem::path& path) override;
  void make_directory(const std::filesystem::path& path) override;
  void make_directories(const std::filesystem::path& path) override;
  void sync_directory(const std::filesystem::path& path) override;
  void sync_file(const std::filesystem::path& path) override;

 private:
  class File;
  bool fails_now();
  void count(const std::filesystem::path& path, const char* what);
  [[noreturn]] void fail(const std::filesystem::path& path, const char* what) const;

  FileSystem& inner_;
  const Fault fault_;
  std::atomic<int64_t> operations_{0};
};

// The real files below `root`, with a model beside them of what the disk surely holds: contents as
// of their last sync, and a folder's names as of its last sync_directory. Operations come
// one at a time, from whichever threads.
class ForgetfulFiles : public FileSystem {
 public:
  // What is below `root` now counts as synced.
  explicit ForgetfulFiles(const std::filesystem::path& root);
  ~ForgetfulFiles() override;

  enum class Lost {
    kEverythingUnsynced,  // contents and names
    kUnsyncedContents,    // names are as they were last seen: a rename came before its data
  };
  // Makes `root` what a machine finds after a power cut.
  void restart(Lost lost);

  std::unique_ptr<WritableFile> create(const std::filesystem::path& path) override;
  std::unique_ptr<WritableFile> open_to_append(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove_all(const std::filesystem::path& path) override;
  void make_directory(const std::filesystem::path& path) override;
  void make_directories(const std::filesystem::path& path) override;
  void sync_directory(const std::filesystem::path& path) override;
  void sync_file(const std::filesystem::path& path) override;

  struct Node;

 private:
  class File;
  Node& folder(const std::filesystem::path& path) const;
  std::shared_ptr<Node> file_node(const std::filesystem::path& path) const;  // made if it is new
  void note_folders(const std::filesystem::path& path);

  std::filesystem::path root_;
  std::shared_ptr<Node> tree_;
  std::mutex mutex_;
};

}  // namespace stoker::test
