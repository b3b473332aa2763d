// The bars of chart.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/error.h"
#include "stoker/draw/chart.h"
#include "stoker/draw/chart_frame.h"

namespace stoker::draw {
namespace {

constexpr double kRowPx = 26, kBarPx = 16;

std::string end_text(const Bar& bar) {
  return bar.text.empty() ? number_text(bar.value, 3) : bar.text;
}

std::vector<double> values_of(const BarChart& chart) {
  std::vector<double> values{0};
  for (const Bar& bar : chart.bars) {
    values.push_back(bar.value);
    if (bar.interval) values.push_back(bar.interval->high);
  }
  return values;
}

void draw_bar(Svg& svg, const AxisMap& map, double y, const Bar& bar) {
  const double zero = map.px(0), middle = y + kBarPx / 2;
  double end = zero;
  if (map.can_show(bar.value)) {
    end = map.px_within(std::max(bar.value, 0.0));
    svg.rectangle(zero, y, std::max(end - zero, 1.0), kBarPx, "fill-0",
                  fmt::format("{}: {}", bar.name, end_text(bar)));
  }
  if (bar.interval && map.can_show(bar.interval->low) && map.can_show(bar.interval->high)) {
    const double low = map.px_within(bar.interval->low), high = map.px_within(bar.interval->high);
    svg.path(fmt::format("M{2:.1f} {0:.1f}H{3:.1f}M{2:.1f} {1:.1f}v8M{3:.1f} {1:.1f}v8", middle,
                         middle - 4, low, high),
             "whisker ring");
    end = std::max(end, high);
  }
  svg.text(end + 7, middle + 4, end_text(bar), {.classes = "muted", .halo = true});
}

}  // namespace

std::string bars_svg(const BarChart& chart) {
  STOKER_CHECK(chart.width >= 240, "{} px", chart.width);
  double names_px = 0, texts_px = 0;
  for (const Bar& bar : chart.bars) {
    names_px = std::max(names_px, text_width_px(bar.name));
    texts_px = std::max(texts_px, text_width_px(end_text(bar)));
  }
  names_px = std::min(names_px, chart.width * 0.4);
  texts_px = std::min(texts_px, chart.width * 0.25);
  const double head = (chart.title.empty() ? 0 : 8) + (chart.subtitle.empty() ? 0 : 18);
  const double top = kMarginPx + head + 16;
  const double rows = kRowPx * static_cast<double>(std::max<size_t>(chart.bars.size(), 1));
  const int height = static_cast<int>(top + rows + (chart.values.label.empty() ? 34 : 52));
  Svg svg(chart.width, height, chart.title);
  draw_head(svg, chart.width, chart.title, chart.subtitle, {});
  const double left = kMarginPx + names_px + 10;
  const Box plot{left, top, std::max(chart.width - left - kMarginPx - texts_px, 40.0), rows};
  Axis axis = chart.values;
  axis.scale = Scale::kLinear;
  axis.from_zero = true;
  const AxisMap map(axis, values_of(chart), plot.x, plot.x + plot.width, 80);
  draw_x_axis(svg, plot, map, axis.label);
  double y = top + (kRowPx - kBarPx) / 2;
  for (const Bar& bar : chart.bars) {
    svg.text(left - 10, y + kBarPx / 2 + 4, cut_to_px(bar.name, names_px + 1),
             {.anchor = Anchor::kEnd});
    draw_bar(svg, map, y, bar);
    y += kRowPx;
  }
  return svg.finish();
}

}  // namespace stoker::draw
