#include "stoker/core/log.h"

#include <spdlog/logger.h>

#include <cstdlib>
#include <regex>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "support/catch.h"
#include "support/child.h"
#include "support/temporary.h"

using namespace stoker;
using test::run_in_child;

TEST_CASE("lines for a person go to stderr, without colour off a terminal") {
  const auto result = run_in_child([] {
    log().info("epoch {}", 3);
    log().warn("data/train/a.jpg skipped: truncated");
    log().error("100 % {of} it");
    log().debug("hidden");
  });
  CHECK(result.exit_code == 0);
  CHECK(result.standard_error ==
        "epoch 3\nwarning: data/train/a.jpg skipped: truncated\nerror: 100 % {of} it\n");
}

TEST_CASE("a terminal and a log file get no control characters out of names") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "log.txt";
  const auto result = run_in_child([&] {
    add_log_file(path);
    log().warn("evil\x1b[2J\r.jpg skipped: caf\xE9\nsecond line");
  });
  CHECK(result.standard_error == "warning: evil\\x1b[2J\\r.jpg skipped: caf\\xe9\nsecond line\n");
  CHECK(read_file(path).ends_with("warning: evil\\x1b[2J\\r.jpg skipped: caf\\xe9\nsecond line\n"));
}

TEST_CASE("a log file gets every line with the time, and is appended to") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "log.txt";
  const auto result = run_in_child([&] {
    log().info("before");
    add_log_file(path);
    log().info("first");
    remove_log_file();
    log().info("between");
    add_log_file(path);
    log().warn("second");
  });
  CHECK(result.standard_error == "before\nfirst\nbetween\nwarning: second\n");
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d )";
  CHECK(
      std::regex_match(read_file(path), std::regex(time + "first\n" + time + "warning: second\n")));
}

TEST_CASE("another log file takes the place of the first") {
  const test::TemporaryFolder folder;
  run_in_child([&] {
    add_log_file(folder.path() / "a.txt");
    add_log_file(folder.path() / "b.txt");
    log().info("line");
  });
  CHECK(read_file(folder.path() / "a.txt").empty());
  CHECK_FALSE(read_file(folder.path() / "b.txt").empty());
}

TEST_CASE("a log file that cannot be opened is an error that names it") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file" / "log.txt";
  write_file_atomically(real_file_system(), folder.path() / "file", {});
  CHECK_THROWS_WITH(add_log_file(path), Catch::Contains(path.string()));
}
