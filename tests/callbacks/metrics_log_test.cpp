#include "stoker/callbacks/metrics_log.h"

#include <fstream>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;

TEST_CASE("rewinding keeps the lines up to the step and drops what is cut short") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  std::ofstream(path) << R"({"step":4,"split":"train"})"
                      << "\n"
                      << R"({"step":6,"split":"val"})"
                      << "\n"
                      << R"({"step":8,"split":"train"})"
                      << "\n"
                      << R"({"step":5,"spl)";
  callbacks::rewind_metrics_log(path, 6);
  CHECK(read_file(path) == "{\"step\":4,\"split\":\"train\"}\n{\"step\":6,\"split\":\"val\"}\n");
  callbacks::rewind_metrics_log(path, 0);
  CHECK(read_file(path).empty());
}

TEST_CASE("rewinding a log that is not there does nothing") {
  const test::TemporaryFolder folder;
  callbacks::rewind_metrics_log(folder.path() / "metrics.jsonl", 6);
  CHECK(!std::filesystem::exists(folder.path() / "metrics.jsonl"));
}

TEST_CASE("a metrics log that cannot be written names its path") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(callbacks::make_metrics_log(folder.path() / "absent" / "metrics.jsonl"),
                    Catch::Contains("absent/metrics.jsonl"));
}
