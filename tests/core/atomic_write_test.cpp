// Whatever fails during an atomic write, the file holds the old content or the new, whole.
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"

using namespace stoker;
using test::Fault;
using test::FaultyFiles;
using test::ForgetfulFiles;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kOld = "old content";
constexpr std::string_view kNew = "new content, longer than the old";

// One write into a folder that holds kOld, with a fault; returns what is found after it.
struct Outcome {
  std::string content;
  std::string error;  // "" if the write said that it succeeded
  bool leftover = false;
};

Outcome write_with(Fault fault, std::optional<ForgetfulFiles::Lost> lost) {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "summary.json";
  std::ofstream(path) << kOld;
  ForgetfulFiles disk(folder.path());
  FaultyFiles files(disk, fault);
  Outcome outcome;
  try {
    write_file_atomically(files, path, as_bytes(kNew));
  } catch (const FileError& error) {
    outcome.error = error.what();
    CHECK(outcome.error.find("summary.json") != std::string::npos);
  }
  if (lost) disk.restart(*lost);
  outcome.content = read_file(path);
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    outcome.leftover |= entry.path().filename() != "summary.json";
  }
  return outcome;
}

int64_t operations_of_a_write() {
  const test::TemporaryFolder folder;
  FaultyFiles files(real_file_system());
  write_file_atomically(files, folder.path() / "a", as_bytes(kNew));
  return files.operations();
}

constexpr Fault::Kind kKinds[] = {Fault::Kind::kError, Fault::Kind::kNoSpace,
                                  Fault::Kind::kShortWrite};

}  // namespace

TEST_CASE("a write that fails at any operation leaves old or new content, whole") {
  const int64_t operations = operations_of_a_write();
  REQUIRE(operations == 6);  // create, append, sync, close, rename, sync of the folder
  for (const Fault::Kind kind : kKinds) {
    for (const bool forever : {false, true}) {
      for (int64_t n = 0; n < operations; ++n) {
        INFO("operation " << n << " forever " << forever << " kind " << static_cast<int>(kind));
        const Outcome outcome = write_with({.at = n, .forever = forever, .kind = kind}, {});
        CHECK_FALSE(outcome.error.empty());
        CHECK(outcome.content == (n < 5 ? kOld : kNew));
        CHECK(outcome.leftover == (forever && n > 0 && n < 5));
      }
    }
  }
}

TEST_CASE("a power cut at any operation leaves old or new content, whole") {
  for (const auto lost :
       {ForgetfulFiles::Lost::kEverythingUnsynced, ForgetfulFiles::Lost::kUnsyncedContents}) {
    for (int64_t n = 0; n < 6; ++n) {
      INFO("operation " << n << " lost " << static_cast<int>(lost));
      const Outcome outcome =
          write_with({.at = n, .forever = true, .kind = Fault::Kind::kShortWrite}, lost);
      CHECK((outcome.content == kOld || outcome.content == kNew));
    }
    // What was said to be written is there after the cut.
    const Outcome done = write_with({}, lost);
    CHECK(done.error.empty());
    CHECK(done.content == kNew);
    CHECK_FALSE(done.leftover);
  }
}

TEST_CASE("a forgetful disk shows a missing sync of the file") {
  const test::TemporaryFolder folder;
  ForgetfulFiles disk(folder.path());
  const auto file = disk.create(folder.path() / "a.tmp");
  file->append(as_bytes("text"));
  file->close();
  disk.rename(folder.path() / "a.tmp", folder.path() / "a");
  disk.sync_directory(folder.path());
  CHECK(read_file(folder.path() / "a") == "text");
  disk.restart(ForgetfulFiles::Lost::kUnsyncedContents);
  CHECK(read_file(folder.path() / "a").empty());
}

TEST_CASE("a forgetful disk shows a missing sync of the folder") {
  const test::TemporaryFolder folder;
  ForgetfulFiles disk(folder.path());
  disk.make_directories(folder.path() / "run");
  const auto file = disk.create(folder.path() / "run" / "a");
  file->append(as_bytes("text"));
  file->sync();
  disk.restart(ForgetfulFiles::Lost::kEverythingUnsynced);
  CHECK(fs::is_directory(folder.path() / "run"));
  CHECK(fs::is_empty(folder.path() / "run"));
}

TEST_CASE("a forgetful disk brings back what was removed without a sync") {
  const test::TemporaryFolder folder;
  fs::create_directories(folder.path() / "old" / "deep");
  std::ofstream(folder.path() / "old" / "deep" / "a") << "text";
  ForgetfulFiles disk(folder.path());
  disk.remove_all(folder.path() / "old");
  CHECK_FALSE(fs::exists(folder.path() / "old"));
  disk.restart(ForgetfulFiles::Lost::kEverythingUnsynced);
  CHECK(read_file(folder.path() / "old" / "deep" / "a") == "text");
  disk.remove_all(folder.path() / "old");
  disk.sync_directory(folder.path());
  disk.restart(ForgetfulFiles::Lost::kEverythingUnsynced);
  CHECK_FALSE(fs::exists(folder.path() / "old"));
}

TEST_CASE("two writers of one file leave the content of one of them") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "a";
  {
    AtomicFile first(real_file_system(), path);
    AtomicFile second(real_file_system(), path);
    first.append(as_bytes("first"));
    second.append(as_bytes("second"));
    first.commit();
    second.commit();
  }
  CHECK(read_file(path) == "second");
}

TEST_CASE("an atomic file that is not committed leaves nothing") {
  const test::TemporaryFolder folder;
  {
    AtomicFile file(real_file_system(), folder.path() / "a");
    file.append(as_bytes("text"));
  }
  CHECK(fs::is_empty(folder.path()));
}
