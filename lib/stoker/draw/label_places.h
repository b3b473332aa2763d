// Where the labels of a chart's points go, so that none covers another or a point.
//
//   LabelPlaces places({60, 40, 600, 320});
//   places.keep_free({x - 5, y - 5, 10, 10});
//   const Place place = places.find(x, y, text_width_px(label), 14);
#pragma once

#include <vector>

#include "stoker/draw/svg.h"

namespace stoker::draw {

struct Box {
  double x, y, width, height;
};

struct Place {
  double x, baseline;
  Anchor anchor;
};

class LabelPlaces {
 public:
  // within: the labels stay in it.
  explicit LabelPlaces(const Box& within) : within_(within) {}
  void keep_free(const Box& box) { used_.push_back(box); }
  // How far the first of this row and those below it is, in heights, that covers nothing; 0 where
  // none of a few does. It is kept free from then on.
  int find_row(Box box);
  // Above, below, right or left of the point, where it covers least; it is kept free from then on.
  Place find(double x, double y, double width, double height);

 private:
  double cost(const Box& box) const;

  Box within_;
  std::vector<Box> used_;
};

}  // namespace stoker::draw
