#include "stoker/runs/destination.h"

#include <unistd.h>

#include "stoker/core/error.h"
#include "stoker/runs/folder.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "support/thrown.h"

using namespace stoker;
namespace fs = std::filesystem;

namespace {

std::string refusal(const fs::path& folder) {
  return test::message_of<FileError>([&] { runs::check_destination("run.dir", folder); });
}

}  // namespace

TEST_CASE("a place that runs can be written to is good, and nothing is left there") {
  const test::TemporaryFolder folder;
  runs::check_destination("run.dir", folder.path());
  runs::check_destination("run.dir", folder.path() / "not" / "yet" / "there");
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a place that nothing can be written to is named with its key") {
  const test::TemporaryFolder folder;
  test::write(folder.path() / "file", "no folder");
  CHECK_THAT(refusal(folder.path() / "file" / "run"),
             Catch::StartsWith("run.dir: ") && Catch::EndsWith("file is no folder"));
  CHECK_THAT(refusal(folder.path() / "file"), Catch::EndsWith("file: is no folder"));
  CHECK_THAT(refusal("/proc/nosuch/run"), Catch::Contains("nothing can be written to /proc"));
}

TEST_CASE("a name of runs is a folder's own") {
  const test::TemporaryFolder folder;
  for (const std::string name : {"cifar10", "a b", "..x", "caf\xC3\xA9"})
    CHECK_NOTHROW(runs::check_name(name));
  for (const std::string name :
       {"../escaped", "/tmp/x", "a/b", ".", "..", "a\nb", "\x1b[2J", "\xE9"}) {
    CAPTURE(name);
    CHECK_THAT(test::message_of<ConfigError>([&] { runs::check_name(name); }),
               Catch::StartsWith("name: read \""));
    CHECK_THROWS_AS(runs::RunFolder::create(folder.path(), name), ConfigError);
  }
  CHECK(fs::is_empty(folder.path()));
}
