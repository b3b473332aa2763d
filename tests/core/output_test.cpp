#include "stoker/core/output.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "support/catch.h"
#include "support/child.h"
#include "support/temporary.h"
#include "support/thrown.h"

namespace stoker {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

constexpr std::string_view kText = "class,images\na,3\n";

void write(const fs::path& path) { write_output("--per-class", path, as_bytes(kText)); }

// A device like /dev/null (1, 3) or /dev/full (1, 7) of the test's own; false without the right.
bool make_device(const fs::path& path, unsigned minor) {
  return ::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, minor)) == 0 &&
         ::access(path.c_str(), W_OK) == 0;
}

TEST_CASE("an output is written through links, and a dangling one makes its target") {
  const test::TemporaryFolder folder;
  const fs::path at = folder.path();
  fs::create_directory(at / "elsewhere");
  test::write(at / "elsewhere/target", "old");
  fs::create_symlink("elsewhere/target", at / "link");
  fs::create_symlink("link", at / "link-to-link");
  fs::create_symlink("elsewhere/new", at / "dangling");
  for (const char* name : {"link", "link-to-link", "dangling", "plain"}) {
    CAPTURE(name);
    test::write(at / "elsewhere/target", "old");
    write(at / name);
    CHECK(read_file(at / name) == kText);
    CHECK(fs::is_symlink(at / name) == (std::string_view(name) != "plain"));
  }
  CHECK(read_file(at / "elsewhere/target") == "old");  // the last was written beside it
  CHECK(read_file(at / "elsewhere/new") == kText);
  CHECK(std::distance(fs::directory_iterator(at / "elsewhere"), {}) == 2);
}

TEST_CASE("an output goes into a named pipe, which stays") {
  const test::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  auto got = std::async(std::launch::async, [&] { return read_file_or_pipe(pipe, 1 << 20); });
  write(pipe);
  CHECK(got.get() == kText);
  CHECK(fs::is_fifo(pipe));
}

TEST_CASE("more than a pipe holds reaches a slow reader whole") {
  const test::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string much(1 << 20, 'x');
  auto got = std::async(std::launch::async, [&] { return read_file_or_pipe(pipe, 1 << 22); });
  write_output("--sheet", pipe, as_bytes(much));
  CHECK(got.get() == much);
}

TEST_CASE("waiting for a pipe's reader ends with an interrupt") {
  const test::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  set_interrupt(SIGINT);
  CHECK_THROWS_AS(write(pipe), Interrupted);
  set_interrupt(0);
}

TEST_CASE("a device is written into, never replaced") {
  const test::TemporaryFolder folder;
  const fs::path null = folder.path() / "null", full = folder.path() / "full";
  if (!make_device(null, 3) || !make_device(full, 7)) {
    WARN("left out: needs the right to make devices");
    return;
  }
  write(null);
  CHECK(fs::is_character_file(null));
  CHECK_THROWS_WITH(write(full), Contains("full: cannot write: No space left on device"));
  CHECK(fs::is_character_file(full));
  fs::create_symlink("null", folder.path() / "link");
  write(folder.path() / "link");
  CHECK(fs::is_character_file(null));
  CHECK(fs::is_symlink(folder.path() / "link"));
  CHECK(is_special_file(null));
  CHECK_FALSE(is_special_file(folder.path()));
}

TEST_CASE("what cannot be written is refused before the work, by name") {
  const test::TemporaryFolder folder;
  const auto refusal = [&](const fs::path& path) {
    return test::message_of<ConfigError>(
        [&] { check_output("--per-class", path, OutputKind::kText); });
  };
  CHECK_THAT(refusal(folder.path()), Contains("is a directory"));
  CHECK_THAT(refusal(folder.path()), Contains("--per-class " + folder.path().string()));
  CHECK_THAT(refusal(folder.path() / "absent/file.csv"),
             Contains("the folder " + (folder.path() / "absent").string() + " is not there"));
  test::write(folder.path() / "file", "x");
  CHECK_THAT(refusal(folder.path() / "file/deeper.csv"), Contains("no folder"));
  CHECK_THAT(refusal(folder.path() / "new/"), Contains("no such folder"));
  CHECK_THAT(refusal(""), Contains("expected the name"));
  fs::create_symlink("absent/target", folder.path() / "dangling");
  CHECK_THAT(refusal(folder.path() / "dangling"), Contains("absent is not there"));
  CHECK_NOTHROW(check_output("--per-class", "-", OutputKind::kText));
  CHECK_NOTHROW(check_output("--per-class", folder.path() / "new.csv", OutputKind::kText));
}

TEST_CASE("a dash and other names of standard output go there, behind what was printed") {
  const test::TemporaryFolder folder;
  const fs::path out = folder.path() / "out";
  for (const fs::path& name :
       {fs::path("-"), fs::path("/dev/stdout"), fs::path("/dev/fd/1"), out}) {
    CAPTURE(name.string());
    test::write(out, "");
    const auto result = test::run_in_child([&] {
      if (std::freopen(out.c_str(), "a", stdout) == nullptr) _exit(98);
      std::fputs("before\n", stdout);
      write(name);
      std::fputs("after\n", stdout);
      std::fflush(stdout);
    });
    CHECK(result.exit_code == 0);
    CHECK(read_file(out) == "before\n" + std::string(kText) + "after\n");
  }
  CHECK_FALSE(fs::exists("-"));
}

}  // namespace
}  // namespace stoker
