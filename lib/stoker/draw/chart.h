// Charts as SVG text, for reports that a browser or a page of Markdown shows: lines and points over
// linear or logarithmic axes, and horizontal bars. One file without scripts, fonts or references;
// light or dark as the reader's system is.
//
//   Chart chart{.title = "images/s over micro-batch",
//               .x = {.label = "micro-batch", .scale = Scale::kLog2},
//               .y = {.label = "images/s", .from_zero = true}};
//   chart.series.push_back({.name = "resnet18", .points = {{8, 310}, {.x = 16, .y = 402,
//                           .y_interval = Interval{395, 410}, .label = "", .detail = "5 runs"}}});
//   chart.marks.push_back({.x = 16, .y = 402, .label = "knee: 16"});
//   write_file_atomically(real_file_system(), "rate.svg", as_bytes(chart_svg(chart)));
//
// Any bytes may stand in a text. Points that are not finite, or not above 0 on a logarithmic axis,
// are left out, and break the line that they are of.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace stoker::draw {

enum class Scale {
  kLinear,
  kLog,   // ticks 1, 2, 5, 10 or decades
  kLog2,  // ticks at powers of two, as of batch sizes
};

struct Axis {
  std::string label = {};
  Scale scale = Scale::kLinear;
  bool from_zero = false;                                         // linear axes alone
  std::optional<double> low = std::nullopt, high = std::nullopt;  // instead of what the points take
};

struct Interval {
  double low, high;
};

struct ChartPoint {
  double x, y;
  std::optional<Interval> x_interval = std::nullopt, y_interval = std::nullopt;  // error bars
  std::string label = {};                                                        // beside the point
  std::string detail = {};  // shown while a pointer rests on it, after its values
};

struct Series {
  std::string name = {};  // in the legend, when there are several
  std::vector<ChartPoint> points = {};
  bool line = true;  // joins the points in their order
  bool points_shown = true;
  bool faint = false;  // as raw values behind a smoothed line, or what a front dominates
};

// A point that the chart is about, with a ring.
struct MarkedPoint {
  double x, y;
  std::string label;
};

// A dashed line across the chart at one value of an axis, as for a limit.
struct Guide {
  double at;
  std::string label;
};

struct Chart {
  std::string title = {}, subtitle = {};
  Axis x = {}, y = {};
  std::vector<Series> series = {};
  std::vector<MarkedPoint> marks = {};
  std::vector<Guide> x_guides = {}, y_guides = {};
  int width = 720, height = 420;  // px, at least 240 x 160
};

std::string chart_svg(const Chart& chart);

struct Bar {
  std::string name;
  double value;  // at least 0; one that is not finite gets no bar
  std::optional<Interval> interval = std::nullopt;
  std::string text = {};  // at the bar's end; "": the value
};

struct BarChart {
  std::string title = {}, subtitle = {};
  Axis values = {};  // linear, from 0
  std::vector<Bar> bars = {};
  int width = 720;  // px; the height follows the number of bars
};

std::string bars_svg(const BarChart& chart);

}  // namespace stoker::draw
