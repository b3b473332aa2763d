#include "stoker/runs/folder.h"

#include <fstream>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using runs::RunFolder;

TEST_CASE("runs of a name are numbered, and other files between them do not matter") {
  const test::TemporaryFolder dir;
  CHECK(RunFolder::create(dir.path(), "a").path() == dir.path() / "a" / "1");
  CHECK(RunFolder::create(dir.path(), "a").path() == dir.path() / "a" / "2");
  std::filesystem::create_directories(dir.path() / "a" / "9");
  std::filesystem::create_directories(dir.path() / "a" / "10x");
  CHECK(RunFolder::create(dir.path(), "a").path() == dir.path() / "a" / "10");
  CHECK(RunFolder::create(dir.path(), "b").path() == dir.path() / "b" / "1");
}

TEST_CASE("the newest run is the one of the highest number") {
  const test::TemporaryFolder dir;
  for (int i = 0; i < 11; ++i) {
    std::ofstream(RunFolder::create(dir.path(), "a").config()) << "name: a\n";
  }
  CHECK(RunFolder::newest(dir.path(), "a").path().filename() == "11");
}

TEST_CASE("a run that could not even write its configuration is not the newest") {
  const test::TemporaryFolder dir;
  std::ofstream(RunFolder::create(dir.path(), "a").config()) << "name: a\n";
  RunFolder::create(dir.path(), "a");
  CHECK(RunFolder::newest(dir.path(), "a").path().filename() == "1");
  CHECK(RunFolder::create(dir.path(), "a").path().filename() == "3");
}

TEST_CASE("what is no run is refused with what a run looks like") {
  const test::TemporaryFolder dir;
  CHECK_THROWS_WITH(RunFolder::open(dir.path()), Catch::Contains("config.yaml"));
  CHECK_THROWS_AS(RunFolder::newest(dir.path(), "a"), ConfigError);
  // A run that was killed before it wrote its configuration.
  RunFolder::create(dir.path(), "a");
  CHECK_THROWS_AS(RunFolder::newest(dir.path(), "a"), ConfigError);
}
