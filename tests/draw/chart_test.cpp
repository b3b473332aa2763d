#include "stoker/draw/chart.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "stoker/core/error.h"
#include "stoker/draw/chart_axis.h"
#include "stoker/draw/svg.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::draw {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

size_t count(const std::string& text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::vector<std::string> tick_texts(const Axis& axis, const std::vector<double>& values,
                                    double length_px = 400) {
  std::vector<std::string> texts;
  for (const AxisMap::Tick& tick : AxisMap(axis, values, 0, length_px, 50).ticks())
    texts.push_back(tick.text);
  return texts;
}

// Every element is closed in its turn; quotes pair within a tag.
bool is_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  for (size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const size_t end = svg.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (count(tag, "\"") % 2 != 0) return false;
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  return open.empty();
}

Chart rate_chart() {
  Chart chart{.title = "images/s over micro-batch",
              .subtitle = "resnet18, 3x64x64, bf16, 2 cores; 5 interleaved repeats",
              .x = {.label = "micro-batch", .scale = Scale::kLog2},
              .y = {.label = "images/s", .from_zero = true}};
  Series series{.name = "resnet18"};
  for (const auto& [x, y] : std::vector<std::pair<double, double>>{
           {1, 61}, {2, 108}, {4, 171}, {8, 240}, {16, 291}, {32, 304}, {64, 306}, {128, 303}})
    series.points.push_back({.x = x, .y = y, .y_interval = Interval{y * 0.98, y * 1.015}});
  chart.series.push_back(series);
  chart.marks.push_back({32, 304, "knee: 32"});
  chart.y_guides.push_back({0.97 * 306, "97 % of the best"});
  return chart;
}

TEST_CASE("ticks of a linear axis are round and few", "[draw][chart]") {
  CHECK(tick_texts({.from_zero = true}, {0, 306}) ==
        std::vector<std::string>{"0", "50", "100", "150", "200", "250", "300"});
  CHECK(tick_texts({}, {0.912, 0.953}) == std::vector<std::string>{"0.92", "0.93", "0.94", "0.95"});
  CHECK(tick_texts({.from_zero = true}, {0, 48000}, 200) ==
        std::vector<std::string>{"0", "20,000", "40,000"});
  CHECK(tick_texts({}, {-3, 3}, 200) == std::vector<std::string>{"-2", "0", "2"});
}

TEST_CASE("ticks of logarithmic axes are powers, and round numbers within a decade",
          "[draw][chart]") {
  CHECK(tick_texts({.scale = Scale::kLog2}, {1, 128}) ==
        std::vector<std::string>{"1", "2", "4", "8", "16", "32", "64", "128"});
  CHECK(tick_texts({.scale = Scale::kLog2}, {24, 56}).front() == "25");
  CHECK(tick_texts({.scale = Scale::kLog}, {1e-6, 1}) ==
        std::vector<std::string>{"1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1", "1"});
  CHECK(tick_texts({.scale = Scale::kLog}, {0.1, 10}) ==
        std::vector<std::string>{"0.1", "0.2", "0.5", "1", "2", "5", "10"});
}

TEST_CASE("every axis has between two and twice as many ticks as fit", "[draw][chart]") {
  for (const Scale scale : {Scale::kLinear, Scale::kLog, Scale::kLog2})
    for (const double from : {1e-9, 0.3, 1.0, 7.0, 1e6})
      for (const double factor : {1.0, 1.001, 1.5, 4.0, 30.0, 1e3, 1e9}) {
        CAPTURE(static_cast<int>(scale), from, factor);
        const size_t ticks = tick_texts({.scale = scale}, {from, from * factor}).size();
        CHECK(ticks >= 2);
        CHECK(ticks <= 17);
      }
}

TEST_CASE("numbers are written for a person", "[draw][chart]") {
  CHECK(number_text(0) == "0");
  CHECK(number_text(12500) == "12,500");
  CHECK(number_text(3e-5) == "3e-5");
  CHECK(number_text(1e12) == "1e12");
  CHECK(number_text(-0.25) == "-0.25");
  CHECK(number_text(kNaN) == "nan");
}

TEST_CASE("a chart is one well-formed file for light and dark", "[draw][chart]") {
  const std::string svg = chart_svg(rate_chart());
  CHECK(is_well_formed(svg));
  CHECK(count(svg, "prefers-color-scheme:dark") == 1);
  CHECK(count(svg, "class=\"ring\"") == 1);
  CHECK(count(svg, "knee: 32</text>") == 2);  // the outline below it, and the letters
  CHECK(count(svg, "class=\"guide\"") == 1);
  CHECK(count(svg, "class=\"whisker stroke-0\"") == 8);
  CHECK(svg.find("href") == std::string::npos);
}

TEST_CASE("any bytes in a text leave the chart well-formed", "[draw][chart]") {
  const std::string evil = "a<b>&\"'\xff\x01\x1b[2J \xEF\xBF\xBF ü 画像 \n</text><script>";
  Chart chart{.title = evil, .subtitle = evil, .x = {.label = evil}, .y = {.label = evil}};
  chart.series = {{.name = evil, .points = {{1, 2, {}, {}, evil, evil}, {2, 3}}}, {.name = evil}};
  chart.marks = {{1, 2, evil}};
  chart.x_guides = {{1.5, evil}};
  chart.y_guides = {{2.5, evil}};
  for (const std::string& svg :
       {chart_svg(chart), bars_svg({.title = evil, .bars = {{evil, 1, {}, evil}}})}) {
    CHECK(is_well_formed(svg));
    CHECK(svg.find("<script") == std::string::npos);
    CHECK(svg.find('\x1b') == std::string::npos);
    CHECK(svg.find('\xff') == std::string::npos);
    CHECK(svg.find("\xEF\xBF\xBF") == std::string::npos);
    CHECK(svg.find("画像") != std::string::npos);
  }
}

TEST_CASE("values that cannot stand on an axis break the line and make no mark", "[draw][chart]") {
  Chart chart{.x = {.scale = Scale::kLog}};
  chart.series = {{.points = {{0, 1}, {1e-3, 2}, {1e-2, kNaN}, {1e-1, HUGE_VAL}, {1, 3}}}};
  const std::string svg = chart_svg(chart);
  CHECK(is_well_formed(svg));
  CHECK(count(svg, "<circle") == 2);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
  const size_t d = svg.find(" d=\"M");
  CHECK(count(svg.substr(d, svg.find("\"/>", d) - d), "M") == 2);
  CHECK(svg.find('L', d) > svg.find("\"/>", d));
}

TEST_CASE("a chart of nothing, or of one point, is a chart", "[draw][chart]") {
  CHECK(is_well_formed(chart_svg({})));
  CHECK(is_well_formed(bars_svg({})));
  Chart chart;
  chart.series = {{.points = {{5, 5}}}};
  CHECK(count(chart_svg(chart), "<circle") == 1);
  chart.series = {{.points = {{kNaN, kNaN}}}};
  CHECK(count(chart_svg(chart), "<circle") == 0);
  chart.width = 10;
  CHECK_THROWS_AS(chart_svg(chart), InternalError);
}

TEST_CASE("a limit of an axis hides what lies beyond it", "[draw][chart]") {
  Chart chart{.y = {.high = 4.0}};
  chart.series = {{.points = {{1, 1}, {2, 2}, {3, 1e9}}}};
  const std::string svg = chart_svg(chart);
  CHECK(count(svg, "<circle") == 2);
  CHECK(count(svg, "1e9") == 0);
}

TEST_CASE("labels of points keep off each other", "[draw][chart]") {
  Chart chart;
  chart.series = {{.points = {{1, 1, {}, {}, "first"}, {1.001, 1.001, {}, {}, "second"}, {9, 9}},
                   .line = false}};
  const std::string svg = chart_svg(chart);
  const auto place = [&](const std::string& label) {
    const size_t end = svg.rfind(">" + label + "</text>");
    const size_t y = svg.rfind(" y=\"", end);
    return std::atof(svg.c_str() + y + 4);
  };
  CHECK(std::abs(place("first") - place("second")) >= 12);
}

TEST_CASE("a label keeps off its point's error bars", "[draw][chart]") {
  Chart chart;
  const Interval tall{0.2, 1.8};
  chart.series = {{.points = {{1, 1, {}, tall, "here"}, {0, 0}, {2, 2}}, .line = false}};
  const std::string svg = chart_svg(chart);
  CHECK(svg.find("text-anchor=\"middle\">here<") == std::string::npos);
  CHECK(svg.find(">here<") != std::string::npos);
}

// For eyes: STOKER_CHART_FOLDER=/tmp/charts test_draw "[chart-files]"
TEST_CASE("labels of guides that stand close go below one another") {
  draw::Chart chart{.x = {.label = "x"}, .y = {.label = "y"}};
  chart.series.push_back({.points = {{.x = 0, .y = 0}, {.x = 10, .y = 1}}});
  chart.x_guides = {{5.0, "the first of two"}, {5.4, "the second of two"}};
  const std::string svg = draw::chart_svg(chart);
  const auto y_of = [&](const std::string& label) {
    const size_t end = svg.find(">" + label);
    REQUIRE(end != std::string::npos);
    const size_t y = svg.rfind(" y=\"", end);
    return std::stod(svg.substr(y + 4));
  };
  CHECK(y_of("the second of two") > y_of("the first of two") + 10);
}

TEST_CASE("charts as files", "[.][chart-files]") {
  const char* folder = std::getenv("STOKER_CHART_FOLDER");
  REQUIRE(folder != nullptr);
  const std::filesystem::path path(folder);
  test::write(path / "rate.svg", chart_svg(rate_chart()));

  Chart memory{.title = "memory over micro-batch",
               .subtitle = "fitted from 2, 8 and 24: 41 MiB + 21.3 MiB an image",
               .x = {.label = "micro-batch"},
               .y = {.label = "peak, GiB", .from_zero = true}};
  memory.series = {
      {.name = "fitted", .points = {{0, 0.04}, {180, 3.83}}, .points_shown = false, .faint = true},
      {.name = "measured",
       .points = {{2, 0.08}, {8, 0.21}, {24, 0.55}, {160, 3.41}},
       .line = false}};
  memory.marks = {{160, 3.41, "proved: 160"}};
  memory.y_guides = {{4, "memory.limit_gib: 4"}, {3.5, "with the margin"}};
  test::write(path / "memory.svg", chart_svg(memory));

  Chart rates{.title = "loss over learning rate",
              .x = {.label = "learning rate", .scale = Scale::kLog},
              .y = {.label = "training loss", .low = 0.0, .high = 3.0}};
  Series raw{.name = "loss", .points_shown = false, .faint = true},
      smooth{.name = "smoothed", .points_shown = false};
  for (int i = 0; i < 100; ++i) {
    const double x = std::pow(10.0, -6 + i * 0.065);
    const double y =
        2.3 - 1.7 / (1 + std::pow(0.02 / x, 1.4)) + (x > 1.4 ? std::exp(9 * (x - 1.4)) - 1 : 0);
    raw.points.push_back({x, y + 0.11 * std::sin(i * 37.0)});
    smooth.points.push_back({x, y});
  }
  rates.series = {raw, smooth};
  rates.marks = {{0.02, 1.45, "steepest descent: 0.02"}};
  rates.x_guides = {{1.8, "diverges at 1.8"}};
  test::write(path / "loss.svg", chart_svg(rates));

  Chart pareto{.title = "error over time",
               .subtitle = "12 settings, 3 seeds each",
               .x = {.label = "training time, s", .scale = Scale::kLog},
               .y = {.label = "validation error, %"}};
  Series all{.name = "dominated", .line = false, .faint = true}, front{.name = "Pareto front"};
  for (int i = 0; i < 8; ++i)
    all.points.push_back({12.0 + 9 * i, 9.5 - 0.4 * i + (i * 7 % 5) * 0.5});
  const char* names[] = {"bf16, 512", "bf16, 256", "bf16, 128", "fp32, 128"};
  for (int i = 0; i < 4; ++i) {
    const double x = 9.0 * std::pow(1.8, i), y = 8.4 - 1.3 * i + 0.25 * i * i;
    front.points.push_back(
        {x, y, Interval{x * 0.96, x * 1.05}, Interval{y - 0.3, y + 0.25}, names[i]});
  }
  pareto.series = {front, all};
  test::write(path / "pareto.svg", chart_svg(pareto));

  test::write(
      path / "bars.svg",
      bars_svg({.title = "importance of each key",
                .subtitle = "variance of the error explained, 12 trials: few, so read it with care",
                .values = {.label = "share of variance"},
                .bars = {{"optimizer.lr", 0.61, Interval{0.48, 0.7}, "61 %"},
                         {"train.batch_size", 0.22, Interval{0.1, 0.3}, "22 %"},
                         {"train.precision", 0.004, {}, "0.4 %"},
                         {"augment.train.random_resized_crop.scale_min", 0.0}}}));
}

}  // namespace
}  // namespace stoker::draw
