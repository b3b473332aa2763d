#include <fmt/format.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "../http/client.h"
#include "folders.h"
#include "stoker/report/live_server.h"
#include "stoker/runs/columns.h"
#include "support/catch.h"

using namespace stoker;
using Catch::Contains;
using test::Client;

namespace {

std::string get(uint16_t port, const std::string& path) {
  const Client client(port);
  client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return client.receive();
}

constexpr const char* kTrain =
    R"({"time_s":12.5,"epoch":1.5,"step":60,"split":"train","loss":1.25,"lr":0.5,)"
    R"("images_per_s":742,"memory_gib":2,"gpu_power_w":300,"gpu_util":0.9,"read_us":4,)"
    R"("energy_kwh":0.5,"odd name{}":1,"joules":7,"noise_scale":null})";
constexpr const char* kEval =
    R"({"time_s":12.5,"epoch":1.5,"step":60,"split":"val","loss":0.75,"top1":0.5,"map":0.25,)"
    R"("images":40})";

}  // namespace

TEST_CASE("figures in Prometheus's format have base units, a HELP and a TYPE, and a label") {
  const auto train = runs::parse_metrics_line(kTrain), eval = runs::parse_metrics_line(kEval);
  const std::string text = report::prometheus_text(
      {.run = "runs/a\"\\\xff\n/1", .version = "0.1.0", .train = *train, .eval = *eval});
  const std::string label = R"({run="runs/a\"\\\\xff\\n/1"} )";
  CHECK_THAT(text,
             Contains("# TYPE stoker_steps_total counter\nstoker_steps_total" + label + "60\n"));
  CHECK_THAT(text, Contains("# TYPE stoker_images_per_second gauge\n"));
  CHECK_THAT(text, Contains("stoker_memory_bytes" + label + "2147483648\n"));
  CHECK_THAT(text, Contains("# HELP stoker_gpu_power_watts power\n"));
  CHECK_THAT(text, Contains("stoker_gpu_power_watts" + label + "300\n"));
  CHECK_THAT(text, Contains("# HELP stoker_read_seconds reading of an image"));
  CHECK_THAT(text, Contains("stoker_read_seconds" + label + "3.9999999999999998e-06\n"));
  CHECK_THAT(text, Contains("# HELP stoker_odd_name__ odd name{} of the newest log line\n"));
  CHECK_THAT(text, Contains("stoker_gpu_util_ratio" + label));
  CHECK_THAT(text, Contains("stoker_energy_joules_total" + label + "1800000\n"));
  CHECK_THAT(text, Contains("stoker_val_top1_ratio" + label + "0.5\n"));
  CHECK_THAT(text, Contains("# HELP stoker_val_map_ratio mean average precision"));
  CHECK_THAT(text, Contains("stoker_val_map_ratio" + label + "0.25\n"));
  CHECK_THAT(text, Contains("stoker_val_loss" + label + "0.75\n"));
  CHECK_THAT(text, Contains("stoker_odd_name__" + label + "1\n"));
  CHECK_THAT(text, Contains("stoker_build_info{version=\"0.1.0\"} 1\n"));
  CHECK_THAT(text, !Contains("noise_scale") && !Contains("stoker_joules"));
}

TEST_CASE("names are of the format, and no two figures share one") {
  std::string line = R"({"step":1,"split":"train")", eval = R"({"step":1,"split":"val")";
  for (const runs::Column& column : runs::train_columns())
    if (column.name != "step") line += fmt::format(R"(,"{}":1)", column.name);
  for (const runs::Column& column : runs::eval_columns())
    if (column.name != "step") eval += fmt::format(R"(,"{}":1)", column.name);
  std::istringstream text(report::prometheus_text({.run = "a",
                                                   .version = "1",
                                                   .train = *runs::parse_metrics_line(line + "}"),
                                                   .eval = *runs::parse_metrics_line(eval + "}")}));
  const std::regex type("# TYPE (stoker_[a-z0-9_]+) (counter|gauge)");
  std::set<std::string> names;
  for (std::string row; std::getline(text, row);) {
    std::smatch found;
    if (!row.starts_with("# TYPE")) continue;
    CAPTURE(row);
    REQUIRE(std::regex_match(row, found, type));
    CHECK(names.insert(found[1]).second);
    CHECK((found[2] == "counter") == found[1].str().ends_with("_total"));
  }
  CHECK(names.size() > runs::train_columns().size());
}

TEST_CASE("before a run has logged anything there is what is known of it alone") {
  CHECK(report::prometheus_text({.run = "a", .version = "1"}) ==
        "# HELP stoker_build_info what runs here\n# TYPE stoker_build_info gauge\n"
        "stoker_build_info{version=\"1\"} 1\n");
}

TEST_CASE("a run that is training serves its page, its figures and each line as it comes") {
  const test::TemporaryFolder dir;
  report::LiveServer live(test::make_run(dir.path() / "a" / "1", {}), {});
  CHECK_THAT(get(live.port(), "/"), Contains("text/html") && Contains("EventSource") &&
                                        Contains("connect-src") && Contains("runs"));
  CHECK_THAT(get(live.port(), "/metrics"), Contains("version=0.0.4") && !Contains("stoker_steps"));
  const Client reader(live.port());
  reader.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(reader.receive("retry"), Contains("200 OK"));
  live.note(kTrain);
  live.note("no line");
  CHECK_THAT(reader.receive("no line"), Contains(std::string("data: ") + kTrain + "\n\n"));
  CHECK_THAT(get(live.port(), "/metrics"),
             Contains("stoker_steps_total") && !Contains("stoker_val"));
  live.note(kEval);
  CHECK_THAT(get(live.port(), "/metrics"), Contains("stoker_val_loss"));
  CHECK_THAT(get(live.port(), "/other"), Contains("404"));
}
