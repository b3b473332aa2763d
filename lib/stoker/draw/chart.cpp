#include "stoker/draw/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/error.h"
#include "stoker/draw/chart_frame.h"

namespace stoker::draw {
namespace {

constexpr double kLabelHeightPx = 14;

std::vector<double> values_of(const Chart& chart, bool of_x) {
  std::vector<double> values;
  for (const Series& series : chart.series)
    for (const ChartPoint& point : series.points) {
      values.push_back(of_x ? point.x : point.y);
      const std::optional<Interval>& interval = of_x ? point.x_interval : point.y_interval;
      if (interval) values.insert(values.end(), {interval->low, interval->high});
    }
  for (const MarkedPoint& mark : chart.marks) values.push_back(of_x ? mark.x : mark.y);
  for (const Guide& guide : of_x ? chart.x_guides : chart.y_guides) values.push_back(guide.at);
  return values;
}

double widest(const std::vector<AxisMap::Tick>& ticks) {
  double width = 0;
  for (const AxisMap::Tick& tick : ticks) width = std::max(width, text_width_px(tick.text));
  return width;
}

// Draws the data of one chart into its plot.
class Plot {
 public:
  Plot(Svg& svg, const Chart& chart, const Box& box)
      : svg_(svg),
        chart_(chart),
        box_(box),
        x_(chart.x, values_of(chart, true), box.x, box.x + box.width, 80),
        y_(chart.y, values_of(chart, false), box.y + box.height, box.y, 52),
        places_(box) {}

  void draw() {
    draw_y_axis(svg_, box_, y_, chart_.y.label);
    draw_x_axis(svg_, box_, x_, chart_.x.label);
    draw_guides();
    for (size_t i = 0; i < chart_.series.size(); ++i) draw_trace(i);
    for (size_t i = 0; i < chart_.series.size(); ++i) draw_points(i);
    for (const MarkedPoint& mark : chart_.marks) {
      if (!is_within(mark.x, mark.y)) continue;
      svg_.ring(x_.px(mark.x), y_.px(mark.y), "ring");
      draw_label(mark.x, mark.y, mark.label, "ink bold");
    }
    for (const Series& series : chart_.series)
      for (const ChartPoint& point : series.points)
        if (!point.label.empty() && is_within(point.x, point.y))
          draw_label(point.x, point.y, point.label, "muted");
  }

 private:
  bool is_within(double x, double y) const {
    return x_.can_show(x) && y_.can_show(y) && std::abs(x_.px(x) - x_.px_within(x)) < 0.5 &&
           std::abs(y_.px(y) - y_.px_within(y)) < 0.5;
  }

  void draw_guides() {
    for (const Guide& guide : chart_.y_guides) {
      if (!y_.can_show(guide.at)) continue;
      const double at = y_.px_within(guide.at);
      svg_.line(box_.x, at, box_.x + box_.width, at, "guide");
      const double width = text_width_px(guide.label);
      const Box box{box_.x + 6, at - 6 - kLabelHeightPx, width, kLabelHeightPx};
      places_.keep_free(box);
      svg_.text(box.x, at - 6, guide.label, {.classes = "guide-text", .halo = true});
    }
    for (const Guide& guide : chart_.x_guides) {
      if (!x_.can_show(guide.at)) continue;
      const double at = x_.px_within(guide.at);
      svg_.line(at, box_.y, at, box_.y + box_.height, "guide");
      const double width = text_width_px(guide.label);
      const bool to_the_left = at + 6 + width > box_.x + box_.width;
      const double x = to_the_left ? at - 6 : at + 6;
      constexpr double kRowPx = kLabelHeightPx + 4;
      const int row = places_.find_row({to_the_left ? x - width : x, box_.y, width, kRowPx});
      svg_.text(x, box_.y + row * kRowPx + kLabelHeightPx, guide.label,
                {.classes = "guide-text",
                 .anchor = to_the_left ? Anchor::kEnd : Anchor::kStart,
                 .halo = true});
    }
  }

  void draw_trace(size_t number) {
    const Series& series = chart_.series[number];
    if (!series.line) return;
    std::string d;
    bool is_joined = false;
    double last_x = 0, last_y = 0;
    for (const ChartPoint& point : series.points) {
      const bool is_shown = x_.can_show(point.x) && y_.can_show(point.y);
      if (is_shown) {
        const double x = drawable(x_.px(point.x)), y = drawable(y_.px(point.y));
        d += fmt::format("{}{:.1f} {:.1f}", is_joined ? 'L' : 'M', x, y);
        if (is_joined) keep_line_free(last_x, last_y, x, y);
        last_x = x, last_y = y;
      }
      is_joined = is_shown;
    }
    if (d.empty()) return;
    svg_.begin_clip(box_.x, box_.y - 2, box_.width, box_.height + 2);
    svg_.path(d, classes("trace stroke", number));
    svg_.end_clip();
  }

  // Renderers reckon with numbers of limited size.
  static double drawable(double px) { return std::clamp(px, -1e4, 1e4); }

  void keep_line_free(double x1, double y1, double x2, double y2) {
    constexpr double kApartPx = 6;
    const double length = std::hypot(x2 - x1, y2 - y1);
    for (double at = 0; at < length; at += kApartPx)
      places_.keep_free({x1 + (x2 - x1) * at / length - 2, y1 + (y2 - y1) * at / length - 2, 4, 4});
  }

  void draw_points(size_t number) {
    const Series& series = chart_.series[number];
    for (const ChartPoint& point : series.points) {
      if (!is_within(point.x, point.y)) continue;
      const double x = x_.px(point.x), y = y_.px(point.y);
      draw_whiskers(point, x, y, classes("whisker stroke", number));
      places_.keep_free({x - 5, y - 5, 10, 10});
      if (!series.points_shown) continue;
      const std::string name = series.name.empty() ? "" : series.name + ": ";
      const std::string detail = point.detail.empty() ? "" : "\n" + point.detail;
      svg_.point(x, y, number, series.faint ? "faint" : "",
                 fmt::format("{}{}, {}{}", name, number_text(point.x, 5), number_text(point.y, 5),
                             detail));
    }
  }

  void draw_whiskers(const ChartPoint& point, double x, double y, const std::string& style) {
    if (const auto& span = point.y_interval;
        span && y_.can_show(span->low) && y_.can_show(span->high)) {
      const double low = y_.px_within(span->low), high = y_.px_within(span->high);
      svg_.path(fmt::format("M{0:.1f} {2:.1f}V{3:.1f}M{1:.1f} {2:.1f}h8M{1:.1f} {3:.1f}h8", x,
                            x - 4, low, high),
                style);
      places_.keep_free({x - 4, std::min(low, high), 8, std::abs(high - low)});
    }
    if (const auto& span = point.x_interval;
        span && x_.can_show(span->low) && x_.can_show(span->high)) {
      const double low = x_.px_within(span->low), high = x_.px_within(span->high);
      svg_.path(fmt::format("M{2:.1f} {0:.1f}H{3:.1f}M{2:.1f} {1:.1f}v8M{3:.1f} {1:.1f}v8", y,
                            y - 4, low, high),
                style);
      places_.keep_free({std::min(low, high), y - 4, std::abs(high - low), 8});
    }
  }

  void draw_label(double x, double y, const std::string& label, std::string_view style) {
    if (label.empty()) return;
    const std::string text = cut_to_px(label, box_.width / 2);
    const Place place = places_.find(x_.px(x), y_.px(y), text_width_px(text), kLabelHeightPx);
    svg_.text(place.x, place.baseline, text,
              {.classes = style, .anchor = place.anchor, .halo = true});
  }

  std::string classes(std::string_view kind, size_t number) const {
    return fmt::format("{}-{}{}", kind, number % kSeriesColors,
                       chart_.series[number].faint ? " faint" : "");
  }

  Svg& svg_;
  const Chart& chart_;
  const Box box_;
  const AxisMap x_, y_;
  LabelPlaces places_;
};

}  // namespace

std::string chart_svg(const Chart& chart) {
  STOKER_CHECK(chart.width >= 240 && chart.height >= 160, "{} x {} px", chart.width, chart.height);
  Svg svg(chart.width, chart.height, chart.title);
  std::vector<LegendEntry> legend;
  if (chart.series.size() > 1)
    for (size_t i = 0; i < chart.series.size(); ++i)
      if (!chart.series[i].name.empty()) legend.push_back({i, chart.series[i].name});
  const double top = draw_head(svg, chart.width, chart.title, chart.subtitle, legend) + 36;
  const double bottom = chart.height - (chart.x.label.empty() ? 30 : 48);
  const double height = std::max(bottom - top, 40.0);
  const AxisMap y(chart.y, values_of(chart, false), top + height, top, 52);
  const double left = kMarginPx + widest(y.ticks()) + 10;
  Plot(svg, chart, {left, top, chart.width - left - kMarginPx - 4, height}).draw();
  return svg.finish();
}

}  // namespace stoker::draw
