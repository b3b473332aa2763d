#include "stoker/core/terminal.h"

#include <spdlog/logger.h>
#include <unistd.h>

#include <cstdlib>

#include "stoker/core/file.h"
#include "stoker/core/log.h"
#include "support/catch.h"
#include "support/child.h"
#include "support/temporary.h"

using namespace stoker;
using test::run_in_child;

namespace {

// What is written to a standard error that is no terminal.
std::string written(const char* no_color, const char* force, const std::filesystem::path& log_txt) {
  return run_in_child([&] {
           setenv("TERM", "xterm", 1);
           setenv("NO_COLOR", no_color, 1);
           setenv("CLICOLOR_FORCE", force, 1);
           add_log_file(log_txt);
           log().info("{} 1.5  top1 7%", dim_name("loss"));
           log().warn("w");
           log().error("e");
         })
      .standard_error;
}

}  // namespace

TEST_CASE("colours off a terminal are only for those who force them, and never for a log file") {
  const test::TemporaryFolder folder;
  const auto log_txt = folder.path() / "log.txt";
  const std::string plain = "loss 1.5  top1 7%\nwarning: w\nerror: e\n";
  CHECK(written("", "", log_txt) == plain);
  CHECK(written("", "0", log_txt) == plain);
  CHECK(written("1", "1", log_txt) == plain);
  CHECK(written("", "1", log_txt) ==
        "\x1b[2mloss\x1b[0m 1.5  top1 7%\n\x1b[33mwarning: \x1b[0mw\n\x1b[31merror: \x1b[0me\n");
  CHECK(read_file(log_txt).find_first_of("\x1b\x0e\x0f") == std::string::npos);
}

TEST_CASE("a line of the log appears above the line that is shown") {
  const auto result = run_in_child([] {
    show_line("██░░ 2/4");
    log().info("step 2");
    hide_line();
    hide_line();
    log().info("done");
  });
  CHECK(result.standard_error == "\r\x1b[2K██░░ 2/4\r\x1b[2Kstep 2\n██░░ 2/4\r\x1b[2Kdone\n");
}

TEST_CASE("what is no terminal is no screen") {
  CHECK(run_in_child([] {
          setenv("TERM", "xterm", 1);
          if (is_screen() || screen_columns() != 80) _exit(1);
        }).exit_code == 0);
}
