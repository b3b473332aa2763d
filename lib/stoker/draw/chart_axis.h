// Where the values of a chart's axis lie, and which of them get a number.
#pragma once

#include <string>
#include <vector>

#include "stoker/draw/chart.h"

namespace stoker::draw {

class AxisMap {
 public:
  // values: all that should be within; those that cannot stand on the axis are passed over. The
  // pixels of the axis run from `begin_px` to `end_px`; ticks lie at least `spacing_px` apart.
  AxisMap(const Axis& axis, const std::vector<double>& values, double begin_px, double end_px,
          double spacing_px);

  bool can_show(double value) const;
  double px(double value) const;         // of one that can be shown
  double px_within(double value) const;  // no further than the axis goes

  struct Tick {
    double px;
    std::string text;
  };
  std::vector<Tick> ticks() const;

 private:
  double position(double value) const;
  void choose_range(const Axis& axis, const std::vector<double>& values);
  std::vector<double> tick_values() const;
  std::vector<double> log_ticks() const;

  Scale scale_;
  double begin_px_, end_px_, max_ticks_;
  double low_ = 0, high_ = 1;  // in positions: values, or their logarithms
};

// 1, 2, 2.5 or 5 times a power of ten: the smallest step with which `span` has at most `steps`
// steps.
double nice_step(double span, double steps);

// "12,500", "0.25", "3e-5"; digits: significant ones.
std::string number_text(double value, int digits = 4);

}  // namespace stoker::draw
