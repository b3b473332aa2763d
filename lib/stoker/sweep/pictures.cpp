#include "stoker/sweep/pictures.h"

#include <algorithm>

#include "stoker/core/file.h"
#include "stoker/draw/chart.h"
#include "stoker/sweep/train_command.h"

namespace stoker::sweep {

namespace {

draw::ChartPoint point_of(const SettingResult& setting) {
  draw::ChartPoint point{.x = setting.time_s.mean, .y = setting.metric.mean};
  if (setting.metric.count > 1)
    point.y_interval = draw::Interval{setting.metric.mean - setting.metric.deviation,
                                      setting.metric.mean + setting.metric.deviation};
  point.detail = shell_line(setting.overrides);
  return point;
}

std::string pareto_svg(const Results& results) {
  draw::Series front{.name = "front"}, others{.name = "beaten", .line = false, .faint = true};
  for (const SettingResult& setting : results.settings) {
    if (setting.time_s.count == 0) continue;
    (setting.is_on_front ? front : others).points.push_back(point_of(setting));
  }
  std::ranges::sort(front.points, {}, &draw::ChartPoint::x);
  draw::Chart chart{.title = results.metric + " over training time",
                    .subtitle = "bars: one standard deviation over seeds",
                    .x = {.label = "training time, s"},
                    .y = {.label = results.metric},
                    .series = {others, front}};
  if (results.best) {
    const draw::ChartPoint best = point_of(results.settings[*results.best]);
    chart.marks.push_back({.x = best.x, .y = best.y, .label = "best: " + best.detail});
  }
  return draw::chart_svg(chart);
}

std::string importance_svg(const Results& results) {
  draw::BarChart chart{.title = "variance of " + results.metric + " that each key explains",
                       .values = {.label = "share", .high = 1}};
  bool is_rough = false;
  for (const KeyImportance& key : results.importance) {
    chart.bars.push_back({.name = key.key, .value = key.importance.explained});
    is_rough |= key.importance.is_rough;
  }
  if (is_rough) chart.subtitle = "few trials a value: take it for a hint";
  return draw::bars_svg(chart);
}

}  // namespace

void write_pictures(const std::filesystem::path& folder, const Results& results) {
  FileSystem& files = real_file_system();
  const bool has_times = std::ranges::any_of(
      results.settings, [](const SettingResult& setting) { return setting.time_s.count > 0; });
  if (has_times) write_file_atomically(files, folder / "pareto.svg", as_bytes(pareto_svg(results)));
  if (!results.settings.empty() && !results.importance.empty())
    write_file_atomically(files, folder / "importance.svg", as_bytes(importance_svg(results)));
}

}  // namespace stoker::sweep
