// What stands around the data of a chart: title, legend, axes with their ticks.
#pragma once

#include <string>
#include <vector>

#include "stoker/draw/chart_axis.h"
#include "stoker/draw/label_places.h"
#include "stoker/draw/svg.h"

namespace stoker::draw {

constexpr int kMarginPx = 20;

// Of a legend: the number of the series, which decides its colour and mark, and its name.
struct LegendEntry {
  size_t series;
  std::string name;
};

// Title, subtitle and legend, as far as there are any; returns where they end.
double draw_head(Svg& svg, int width, const std::string& title, const std::string& subtitle,
                 const std::vector<LegendEntry>& legend);

void draw_x_axis(Svg& svg, const Box& plot, const AxisMap& map, const std::string& label);
// The label stands above the axis, to be read without turning one's head.
void draw_y_axis(Svg& svg, const Box& plot, const AxisMap& map, const std::string& label);

}  // namespace stoker::draw
