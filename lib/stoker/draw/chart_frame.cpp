#include "stoker/draw/chart_frame.h"

#include <fmt/format.h>

namespace stoker::draw {
namespace {

constexpr double kLinePx = 18;

double draw_legend(Svg& svg, int width, double y, const std::vector<LegendEntry>& legend) {
  constexpr double kMarkPx = 14, kGapPx = 20;
  const double end = width - kMarginPx;
  double x = kMarginPx;
  for (const LegendEntry& entry : legend) {
    const std::string name = cut_to_px(entry.name, end - kMarginPx - kMarkPx);
    const double taken = kMarkPx + text_width_px(name);
    if (x > kMarginPx && x + taken > end) {
      x = kMarginPx;
      y += kLinePx;
    }
    svg.point(x + 4, y - 4, entry.series, "", entry.name);
    svg.text(x + kMarkPx, y, name, {.classes = "muted"});
    x += taken + kGapPx;
  }
  return y;
}

}  // namespace

double draw_head(Svg& svg, int width, const std::string& title, const std::string& subtitle,
                 const std::vector<LegendEntry>& legend) {
  double y = kMarginPx;
  const double room = width - 2 * kMarginPx;
  if (!title.empty()) {
    y += 8;
    svg.text(kMarginPx, y, cut_to_px(title, room, 16), {.classes = "ink bold", .size_px = 16});
  }
  if (!subtitle.empty()) {
    y += kLinePx;
    svg.text(kMarginPx, y, cut_to_px(subtitle, room), {.classes = "muted"});
  }
  return legend.empty() ? y : draw_legend(svg, width, y + kLinePx + 4, legend);
}

void draw_x_axis(Svg& svg, const Box& plot, const AxisMap& map, const std::string& label) {
  const double bottom = plot.y + plot.height;
  for (const AxisMap::Tick& tick : map.ticks()) {
    svg.line(tick.px, plot.y, tick.px, bottom, "grid");
    svg.line(tick.px, bottom, tick.px, bottom + 4, "axis");
    svg.text(tick.px, bottom + 17, tick.text, {.classes = "muted", .anchor = Anchor::kMiddle});
  }
  svg.line(plot.x, bottom, plot.x + plot.width, bottom, "axis");
  svg.text(plot.x + plot.width / 2, bottom + 36, cut_to_px(label, plot.width),
           {.classes = "ink", .anchor = Anchor::kMiddle});
}

void draw_y_axis(Svg& svg, const Box& plot, const AxisMap& map, const std::string& label) {
  for (const AxisMap::Tick& tick : map.ticks()) {
    svg.line(plot.x, tick.px, plot.x + plot.width, tick.px, "grid");
    svg.text(plot.x - 8, tick.px + 4, tick.text, {.classes = "muted", .anchor = Anchor::kEnd});
  }
  svg.text(kMarginPx, plot.y - 12, cut_to_px(label, plot.x + plot.width - kMarginPx));
}

}  // namespace stoker::draw
