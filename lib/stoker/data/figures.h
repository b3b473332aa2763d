// The figures of the shapes data set as signed distances, within the unit circle.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace stoker::data {

inline constexpr float kPi = 3.14159265358979f;

struct Point {
  float x = 0, y = 0;
};

// A closed outline of straight edges or of circles.
class Figure {
 public:
  struct Circle {
    Point center;
    float radius;
  };

  Figure(std::string_view name, std::vector<Point> outline)
      : name_(name), outline_(std::move(outline)) {}
  // A disc without a hole cut by a second disc; a hole of radius 0 cuts nothing.
  Figure(std::string_view name, Circle disc, Circle hole) : name_(name), disc_(disc), hole_(hole) {}

  std::string_view name() const { return name_; }
  // Negative inside.
  float distance(Point p) const;

 private:
  float outline_distance(Point p) const;

  std::string_view name_;
  std::vector<Point> outline_;
  Circle disc_{}, hole_{};
};

// circle, ring, crescent, square, triangle, star, cross, bar, arrow, ell: labels in this order.
std::span<const Figure> figures();

}  // namespace stoker::data
