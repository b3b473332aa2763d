#include "stoker/report/compare.h"

#include <fmt/format.h>

#include "folders.h"
#include "support/catch.h"

using namespace stoker;
using Catch::Contains;

namespace {

std::string config_of(const char* lr, int seed) {
  return fmt::format(
      "name: n{}\nseed: {}\noptimizer: {{name: sgd, lr: {}}}\n"
      "augment: [{{flip: {{p: 0.5}}}}, {{flip: {{p: 0.1}}}}]\nrun: {{dir: r{}}}\n",
      seed, seed, lr, seed);
}

report::Comparison compare(const test::TemporaryFolder& dir,
                           const std::vector<test::FakeRun>& fakes) {
  std::vector<report::RunRecord> runs;
  for (size_t i = 0; i < fakes.size(); ++i)
    runs.push_back(report::read_run(test::make_run(dir.path() / std::to_string(i), fakes[i])));
  return report::compare(runs);
}

const report::ComparedFigure& figure(const report::Comparison& comparison,
                                     const std::string& name) {
  return *std::ranges::find(comparison.figures, name, &report::ComparedFigure::name);
}

}  // namespace

TEST_CASE("of configurations the keys that differ are shown, not where the runs lie") {
  const test::TemporaryFolder dir;
  const auto comparison =
      compare(dir, {{.config = config_of("0.1", 3)},
                    {.config = config_of("0.4", 3) + "model: {name: mlp, hidden: [8, 9]}\n"}});
  REQUIRE(comparison.keys.size() == 3);
  CHECK(comparison.keys[0].key == "optimizer.lr");
  CHECK(comparison.keys[0].values[1] == "0.4");
  CHECK(comparison.keys[1].key == "model.name");
  CHECK(comparison.keys[1].values[0] == std::nullopt);
  CHECK(comparison.keys[2].values[1] == "[8, 9]");
}

TEST_CASE("steps of a list are compared by their names") {
  const test::TemporaryFolder dir;
  const auto leaves =
      report::read_run(test::make_run(dir.path() / "a", {.config = config_of("1", 1)})).config;
  CHECK(std::ranges::count(leaves, std::pair<std::string, std::string>{"augment.flip.p", "0.5"}));
  CHECK(std::ranges::count(leaves, std::pair<std::string, std::string>{"augment.flip#2.p", "0.1"}));
}

TEST_CASE(
    "the best of each figure is marked by whether more is better, and none where all are equal") {
  const test::TemporaryFolder dir;
  const auto comparison =
      compare(dir, {{.top1 = 0.8, .images_per_s = 300}, {.top1 = 0.9, .images_per_s = 200}});
  CHECK(figure(comparison, "val.top1").best == 1);
  CHECK(figure(comparison, "best val.top1").values[0] == Approx(0.81));
  CHECK(figure(comparison, "images_per_s").best == 0);
  CHECK(figure(comparison, "val.loss").best == std::nullopt);
  // 0.1 in the first ten seconds, 0.2 in the ten after them.
  CHECK(figure(comparison, "data_wait").values[0] == Approx(0.15));
  // 4000 J over 300 images/s for 20 s.
  CHECK(figure(comparison, "joules_per_image").values[0] == Approx(4000.0 / 6000));
  CHECK_THAT(report::compare_text(comparison), Contains("90.00% *"));
}

TEST_CASE("runs that differ in their seed alone are one setting, with its spread") {
  const test::TemporaryFolder dir;
  const auto comparison = compare(dir, {{.config = config_of("0.1", 1), .top1 = 0.80},
                                        {.config = config_of("0.4", 1), .top1 = 0.90},
                                        {.config = config_of("0.1", 2), .top1 = 0.82},
                                        {.config = config_of("0.4", 2), .top1 = 0.901}});
  REQUIRE(comparison.settings.size() == 2);
  CHECK(comparison.settings[0].runs == std::vector<size_t>{0, 2});
  REQUIRE(comparison.figures[0].name == "val.loss");
  const size_t top1 = 1;
  CHECK(comparison.settings[0].figures[top1].mean == Approx(0.81));
  CHECK(comparison.settings[0].figures[top1].deviation == Approx(0.0141421356));
  const std::string text = report::compare_text(comparison);
  CHECK_THAT(text, Contains("optimizer.lr=0.1"));
  CHECK_THAT(text, Contains("81.00% ± 1.41%"));
}

TEST_CASE("JSON of a comparison has null where a run lacks a figure or a key") {
  const test::TemporaryFolder dir;
  auto runs = std::vector<report::RunRecord>{
      report::read_run(test::make_run(dir.path() / "a", {})),
      report::read_run(test::make_run(dir.path() / "b", {.config = "seed: 0\n", .top1 = 0.5}))};
  runs[1].summary.erase("peak_bytes");
  const auto json = nlohmann::json::parse(report::compare_json(report::compare(runs)));
  CHECK(json["differing"]["optimizer.lr"] == nlohmann::json::parse(R"(["0.1", null])"));
  CHECK(json["figures"]["peak_bytes"]["values"] == nlohmann::json::parse("[1048576.0, null]"));
  CHECK(json["figures"]["val.top1"]["best"] == 0);
  CHECK(json["figures"]["val.top1"]["better"] == "higher");
  CHECK(json["settings"].size() == 2);
}
