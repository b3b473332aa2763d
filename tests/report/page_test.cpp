#include "stoker/report/page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "folders.h"
#include "stoker/core/error.h"
#include "stoker/report/html.h"
#include "stoker/report/panels.h"
#include "stoker/runs/columns.h"
#include "support/catch.h"

using namespace stoker;
using Catch::Contains;

namespace {

// What the scripts of a page draw from.
nlohmann::json data_of(const std::string& page) {
  const std::string begin = "id=\"data\">", end = "</script>";
  const size_t at = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(at, page.find(end, at) - at));
}

std::string page_of(const std::filesystem::path& run) { return report::page_of(std::vector{run}); }

size_t count(const std::string& text, const std::string& word) {
  size_t number = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++number;
  return number;
}

// A name with all that could end an element, an attribute or a script, and bytes that are no UTF-8.
constexpr const char* kHostile = "</script><img src=x onerror=alert(1)>\"'&\xff\xed\xa0\x80";
constexpr const char* kHostileJson =
    R"(</script><img src=x onerror=alert(1)>\"'&\udcff\udced\udca0\udc80)";

}  // namespace

TEST_CASE("the page of a run is one document with its curves, figures and configuration") {
  const test::TemporaryFolder dir;
  const auto run = test::make_run(
      dir.path() / "a" / "1", {.config = "name: a\nseed: 0\noptimizer: {name: sgd, lr: 0.5}\n"});
  test::write(run / "environment.json",
              R"({"origins": {"optimizer.lr": "runs/a/1/config.yaml:3"},
  "earlier": [{"origins": {"name": "override `name=a`", "optimizer.lr": "a.yaml:7"}}]})");
  const std::string page = page_of(run);
  CHECK(page.starts_with("<!doctype html>"));
  CHECK_THAT(page, Contains("<span class=\"set\">name: a</span>"));
  CHECK_THAT(page, Contains("<span class=\"set\">  lr: 0.5</span>"));
  CHECK_THAT(page, Contains("# a.yaml:7"));
  CHECK_THAT(page, !Contains("<span class=\"set\">seed: 0"));
  CHECK_THAT(page, Contains("90.00%"));
  const nlohmann::json data = data_of(page);
  CHECK(data["runs"][0]["series"]["val.top1"]["y"] == nlohmann::json::parse("[0.91, 0.9]"));
  CHECK(data["runs"][0]["axes"]["time_s"] == nlohmann::json::parse("[10.0, 20.0]"));
  CHECK(data["panels"][0]["title"] == "Loss");
  // Nothing is fetched, and no other script may run.
  CHECK(count(page, "<script") == 2);
  CHECK_THAT(page, Contains("default-src &#39;none&#39;") || Contains("default-src 'none'"));
  CHECK(count(page, "src=\"http") == 0);
}

TEST_CASE("names of any bytes are text wherever they stand in a page") {
  const test::TemporaryFolder dir;
  const auto run =
      test::make_run(dir.path() / "x\"<b>\xff" / "1",
                     {.config = fmt::format("name: \"{}\"\nseed: 0\n", "</script><i>&'")});
  const auto filled = [](std::string json) {
    for (size_t at = json.find("NAME"); at != std::string::npos; at = json.find("NAME", at))
      json.replace(at, 4, kHostileJson);
    return json;
  };
  test::write(run / "evaluation.json", filled(R"json({"classes": ["NAME", "b"],
    "per_class": [[4, 1, 0.5, 0.6], [3, 1, 1, 1]], "confusion": [[0, 0, 2], [0, 1, 2], [1, 1, 3]],
    "calibration": [[7, 0.9, 0.8]], "ece": 0.1,
    "examples": [{"file": "NAME", "label": 0, "guesses": [[1, 0.9], [0, 0.05]], "why": ["wrong"],
                  "picture": "data:image/png;base64,iVBO\" onload=\"alert(1)"}]})json"));
  test::write(run / "environment.json", filled(R"({"host": "NAME", "command_line": ["NAME"]})"));
  test::write(run / "log.txt", std::string("2026-11-29T22:50:10.097+00:00 data  ") + kHostile +
                                   "\n2026-11-29T22:50:10.097+00:00 warning: " + kHostile + "\n");
  test::write(run / "summary.json", filled(R"({"reason": "failed", "error": "NAME", "steps": 10,
    "verdict": {"kind": "x", "text": "NAME", "advice": "NAME"}})"));
  const std::string page = page_of(run);
  CHECK(count(page, "</script>") == 2);
  CHECK(count(page, "<img") == 0);
  CHECK(count(page, "onerror=alert(1)>\"") == 0);
  CHECK(count(page, "onload=\"") == 0);
  CHECK(page.find('\xff') == std::string::npos);
  CHECK_THAT(page, Contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;"));
  CHECK(data_of(page)["confusion"]["classes"][0].get<std::string>().starts_with("</script><img"));
}

TEST_CASE("an evaluation is shown by class, by pair and by example; what is damaged is left out") {
  const test::TemporaryFolder dir;
  const auto run = test::make_run(dir.path() / "1", {});
  test::write(run / "evaluation.json", R"({"classes": ["cat", "dog"],
    "per_class": [[4, 1.0, 0.5, 0.66], "no", [3, 0.6]],
    "confusion": [[0, 0, 2], [0, 1, 2], [1, 1, 3], [1, 7, 1], ["a"], null],
    "calibration": [[5, 0.9, 0.8], [1]],
    "examples": [{"file": "a.png", "label": 0, "guesses": [[1, 0.9], ["x"], [0, 0.05]],
                  "why": ["wrong"], "picture": "data:image/png;base64,iVBORw0KGgo=", "small": true},
                 7, {"label": "x", "why": "wrong"}]})");
  const std::string page = page_of(run);
  CHECK_THAT(page, Contains("Most wrong"));
  CHECK_THAT(page, !Contains("Most uncertain"));
  CHECK_THAT(page, Contains("class=\"small\""));
  CHECK_THAT(page, Contains("dog 90.0%"));
  const nlohmann::json data = data_of(page);
  CHECK(data["confusion"]["cells"].size() == 3);
  CHECK(data["calibration"].size() == 1);
}

TEST_CASE("an evaluation of several labels an image has its figures, and no pairs") {
  const test::TemporaryFolder dir;
  const auto run = test::make_run(dir.path() / "1", {});
  test::write(run / "evaluation.json", R"({"map": 0.5, "classes": ["cat", "dog"],
    "per_class": [[4, 1.0, 0.5, 0.66, 0.875, 0.3, 0.8], [3, 1, 1, 1]],
    "confusion": [], "calibration": [], "examples": []})");
  const std::string page = page_of(run);
  CHECK_THAT(page, Contains("average precision") && Contains("87.50%") && Contains("F1 there"));
  CHECK_THAT(page, !Contains("id=\"confusion\"") && !Contains("too many classes"));
  const auto panels = report::panels_of({"val.f1_micro", "val.map"});
  REQUIRE(panels.size() == 1);
  CHECK(panels[0].unit == "share");
  CHECK(panels[0].keys.size() == 2);
}

TEST_CASE("a run without an evaluation, a log or a line has a page all the same") {
  const test::TemporaryFolder dir;
  test::write(dir.path() / "a" / "1" / "config.yaml", "name: a\n");
  const std::string page = page_of(dir.path() / "a" / "1");
  CHECK(data_of(page)["panels"].empty());
  CHECK_THAT(page, !Contains("id=\"confusion\""));
  CHECK_THROWS_AS(page_of(dir.path()), ConfigError);
}

TEST_CASE("a run that was killed has the verdict that doctor gives, not that of an earlier end") {
  const test::TemporaryFolder dir;
  const auto run = test::make_run(dir.path() / "1", {});
  std::string lines;
  for (int i = 1; i <= 4; ++i)
    lines +=
        fmt::format(R"({{"time_s":{0},"wall_s":10,"epoch":1,"step":{1},"split":"train","loss":1,)"
                    R"("images_per_s":100,"data_wait":0.6}})"
                    "\n",
                    10 * i, i);
  test::write(run / "metrics.jsonl", lines);
  const auto said = [&](int steps) {
    test::write(run / "summary.json", fmt::format(R"({{"reason": "max_time", "steps": {},
                    "verdict": {{"kind": "x", "text": "of an end", "advice": ""}}}})",
                                                  steps));
    return page_of(run);
  };
  CHECK_THAT(said(4), Contains("<strong>of an end</strong>"));
  for (const std::string& page : {said(2), [&] {
                                    std::filesystem::remove(run / "summary.json");
                                    return page_of(run);
                                  }()}) {
    CHECK_THAT(page, !Contains("of an end"));
    CHECK_THAT(page, Contains("<div class=\"verdict\"><strong>training waits for images 60%"));
  }
}

TEST_CASE("several runs are laid over each other, with what differs and the best marked") {
  const test::TemporaryFolder dir;
  const std::vector<std::filesystem::path> runs{
      test::make_run(dir.path() / "a" / "1", {.top1 = 0.8}),
      test::make_run(dir.path() / "b" / "1",
                     {.config = "seed: 0\noptimizer: {name: sgd, lr: 0.2}\n", .top1 = 0.9})};
  const std::string page = report::page_of(runs);
  CHECK(data_of(page)["runs"][1]["label"] == "b/1");
  CHECK_THAT(page, Contains("optimizer.lr"));
  CHECK_THAT(page, Contains("<td class=\"best\">90.00%</td>"));
}

TEST_CASE("a run of 100,000 log lines has a page below 5 MB with its peak in it") {
  const test::TemporaryFolder dir;
  const auto run = test::make_run(dir.path() / "1", {});
  std::string lines;
  for (int i = 1; i <= 100'000; ++i)
    lines += fmt::format(
        R"({{"time_s":{0}.5,"epoch":{1},"step":{0},"split":"train","loss":{2},"lr":0.1234567,)"
        R"("images_per_s":{3}.25,"data_wait":0.0{0},"memory_gib":1.{0},"gpu_power_w":{3},)"
        R"("gpu_temp_c":{4},"gpu_util":0.{3},"read_us":{0}.1,"decode_us":{3}.2,"rss_gib":2.{0}}})"
        "\n",
        i, i / 1000.0, i == 54'321 ? 12'345'678.5 : 2 - i / 100'000.0, 900 + i % 97, 60 + i % 11);
  test::write(run / "metrics.jsonl", lines);
  const std::string page = page_of(run);
  CHECK(page.size() < 5'000'000);
  CHECK(count(page, ",12345700.0,") == 1);
}

TEST_CASE("figures that no panel is for get one of their own") {
  const auto panels = report::panels_of({"train.loss", "train.new_w", "train.time_s", "val.top1"});
  REQUIRE(panels.size() == 3);
  CHECK(panels[0].keys.size() == 1);
  CHECK(panels[2].title == "train.new_w");
  CHECK(panels[2].unit == "W");
}

TEST_CASE("each figure that is charted stands in one panel, beside others of its unit alone") {
  std::set<std::string> keys;
  size_t charted = 0;
  for (const char* split : {"train", "val"}) {
    for (const runs::Column& column :
         split == std::string("train") ? runs::train_columns() : runs::eval_columns()) {
      keys.insert(fmt::format("{}.{}", split, column.name));
      charted += column.is_charted ? 1 : 0;
    }
  }
  size_t drawn = 0;
  for (const report::Panel& panel : report::panels_of(keys)) {
    for (const report::PanelKey& key : panel.keys) {
      CAPTURE(panel.title, key.key);
      const size_t dot = key.key.find('.');
      const std::string split = key.key.substr(0, dot), name = key.key.substr(dot + 1);
      const runs::Column* column = runs::find_column(split, name);
      REQUIRE(column != nullptr);
      CHECK(column->is_charted);
      CHECK(runs::unit_of(split, name).chart == panel.unit);
      CHECK(runs::unit_of(split, name).chart_scale == key.scale);
      ++drawn;
    }
  }
  CHECK(drawn == charted);
}

TEST_CASE("only what begins as a picture becomes one") {
  CHECK(report::data_uri("\xff\xd8\xff\xe0") == "data:image/jpeg;base64,/9j/4A==");
  CHECK(report::data_uri("<svg onload=alert(1)>").empty());
  CHECK(report::is_image_uri("data:image/png;base64,iVBORw0KGgo="));
  CHECK_FALSE(report::is_image_uri("data:image/png;base64,iV\" x=\""));
  CHECK_FALSE(report::is_image_uri("data:text/html;base64,iVBO"));
  CHECK_FALSE(report::is_image_uri("javascript:alert(1)"));
  // Of RFC 4648, section 10, and of FIPS 180-4's "abc".
  CHECK(report::script_source("abc") == "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}
