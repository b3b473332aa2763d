#include "stoker/draw/label_places.h"

#include <algorithm>
#include <array>

namespace stoker::draw {
namespace {

constexpr double kGapPx = 9, kCornerPx = 6;

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

}  // namespace

double LabelPlaces::cost(const Box& box) const {
  double area = box.width * box.height - overlap(box, within_);
  area *= 4;  // cut off is worse than covered
  for (const Box& used : used_) area += overlap(box, used);
  return area;
}

int LabelPlaces::find_row(Box box) {
  constexpr int kRows = 4;
  const double top = box.y;
  int row = 0;
  while (row < kRows && cost(box) > 0) box.y = top + ++row * box.height;
  if (row == kRows) box.y = top, row = 0;
  used_.push_back(box);
  return row;
}

Place LabelPlaces::find(double x, double y, double width, double height) {
  const double above = y - kGapPx - height, below = y + kGapPx, beside = y - height / 2;
  const std::array<Box, 8> candidates{{{x - width / 2, above, width, height},
                                       {x + kGapPx, beside, width, height},
                                       {x - kGapPx - width, beside, width, height},
                                       {x - width / 2, below, width, height},
                                       {x + kCornerPx, above + 4, width, height},
                                       {x - kCornerPx - width, above + 4, width, height},
                                       {x + kCornerPx, below - 4, width, height},
                                       {x - kCornerPx - width, below - 4, width, height}}};
  const Box* best = &candidates[0];
  for (const Box& candidate : candidates)
    if (cost(candidate) < cost(*best)) best = &candidate;
  used_.push_back(*best);
  const double baseline = best->y + height * 0.8;
  if (best == &candidates[0] || best == &candidates[3]) return {x, baseline, Anchor::kMiddle};
  const bool to_the_left =
      best == &candidates[2] || best == &candidates[5] || best == &candidates[7];
  return {to_the_left ? best->x + width : best->x, baseline,
          to_the_left ? Anchor::kEnd : Anchor::kStart};
}

}  // namespace stoker::draw
