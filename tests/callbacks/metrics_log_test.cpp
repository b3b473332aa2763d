#include "stoker/callbacks/metrics_log.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

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
  callbacks::rewind_metrics_log(real_file_system(), path, 6);
  CHECK(read_file(path) == "{\"step\":4,\"split\":\"train\"}\n{\"step\":6,\"split\":\"val\"}\n");
  callbacks::rewind_metrics_log(real_file_system(), path, 0);
  CHECK(read_file(path).empty());
}

TEST_CASE("rewinding a log that is not there does nothing") {
  const test::TemporaryFolder folder;
  callbacks::rewind_metrics_log(real_file_system(), folder.path() / "metrics.jsonl", 6);
  CHECK(!std::filesystem::exists(folder.path() / "metrics.jsonl"));
}

TEST_CASE("a metrics log that cannot be written names its path") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(callbacks::make_metrics_log(real_file_system(), folder.path() / "absent", {}),
                    Catch::Contains("absent/metrics.jsonl"));
}

TEST_CASE("the table of metrics has the same columns whatever wrote the lines before") {
  const test::TemporaryFolder folder;
  // A version that knew no loss, one with a key that no column is for, and a loss that was NaN.
  std::ofstream(folder.path() / "metrics.jsonl")
      << R"({"step":4,"split":"train"})"
      << "\n"
      << R"({"time_s":1.5,"epoch":1.0,"step":6,"split":"val","loss":0.25,"top1":0.5,"new":7})"
      << "\n"
      << R"({"step":8,"split":"train","loss":null,"copy_us":2.5})"
      << "\n";
  std::ofstream(folder.path() / "metrics.csv") << "step,of,another,version\n1,2,3,4\n";
  callbacks::make_metrics_log(real_file_system(), folder.path(), {.csv = true});
  const std::string table = read_file(folder.path() / "metrics.csv");
  std::vector<std::map<std::string, std::string>> rows;  // what is not empty
  std::vector<std::string> names;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == ',')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    if (names.empty()) {
      names = cells;
      continue;
    }
    REQUIRE(cells.size() == names.size());
    auto& row = rows.emplace_back();
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!cells[i].empty()) row[names[i]] = cells[i];
    }
  }
  using Row = std::map<std::string, std::string>;
  CHECK(rows == std::vector<Row>{{{"step", "4"}, {"split", "train"}},
                                 {{"time_s", "1.5"},
                                  {"epoch", "1.0"},
                                  {"step", "6"},
                                  {"split", "val"},
                                  {"loss", "0.25"},
                                  {"top1", "0.5"}},
                                 {{"step", "8"}, {"split", "train"}, {"copy_us", "2.5"}}});
  CHECK(table.starts_with("time_s,epoch,step,split,loss,lr,images_per_s,data_wait,memory_gib,"));
  for (const char* name : {"gpu_power_w", "energy_kwh", "top1", "eval_s", "microbatch"})
    CHECK(std::ranges::count(names, name) == 1);
}

TEST_CASE("no table is written where none is asked for") {
  const test::TemporaryFolder folder;
  callbacks::make_metrics_log(real_file_system(), folder.path(), {.csv = false});
  CHECK(std::filesystem::exists(folder.path() / "metrics.jsonl"));
  CHECK(!std::filesystem::exists(folder.path() / "metrics.csv"));
}
