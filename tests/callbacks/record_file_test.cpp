// Logs on disks that fail.
#include "stoker/callbacks/record_file.h"

#include <fstream>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;
using callbacks::RecordFile;
using Kind = Fault::Kind;

namespace {

constexpr const char* kBefore = "before\n";
const std::vector<std::string> kRecords{"a\n", "second record\n", "the third\n"};

std::string all_records() {
  std::string all = kBefore;
  for (const std::string& record : kRecords) all += record;
  return all;
}

struct Log {
  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "log";

  Log() { std::ofstream(path) << kBefore; }
  void write(FileSystem& files) const {
    RecordFile file(files, path);
    for (const std::string& record : kRecords) file.append(record);
  }
};

}  // namespace

TEST_CASE("records go to the end of the file, each at once") {
  const Log log;
  RecordFile file(real_file_system(), log.path);
  file.append("a\n");
  CHECK(read_file(log.path) == "before\na\n");
  file.append("b\n");
  CHECK(read_file(log.path) == "before\na\nb\n");
  RecordFile(real_file_system(), log.folder.path() / "new").append("c\n");
  CHECK(read_file(log.folder.path() / "new") == "c\n");
}

TEST_CASE("a record that fails once is written all the same, and none is half there") {
  for (const Kind kind : {Kind::kError, Kind::kNoSpace, Kind::kShortWrite}) {
    for (int64_t n = 1; n <= std::ssize(kRecords); ++n) {  // operation 0 opens
      CAPTURE(static_cast<int>(kind), n);
      const Log log;
      FaultyFiles files(real_file_system(), {.at = n, .kind = kind});
      log.write(files);
      CHECK(read_file(log.path) == all_records());
    }
  }
}

TEST_CASE("a log whose disk stays full is an error with its name, and keeps its whole records") {
  for (int64_t n = 0; n <= std::ssize(kRecords); ++n) {
    CAPTURE(n);
    const Log log;
    FaultyFiles files(real_file_system(), {.at = n, .forever = true, .kind = Kind::kShortWrite});
    CHECK_THROWS_WITH(log.write(files),
                      Catch::Contains(log.path.string()) && Catch::Contains("No space left"));
    std::string expected = kBefore;
    for (int64_t i = 0; i < n - 1; ++i) expected += kRecords[static_cast<size_t>(i)];
    CHECK(read_file(log.path).starts_with(expected));
  }
}
