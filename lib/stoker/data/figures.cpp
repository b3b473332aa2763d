#include "stoker/data/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stoker::data {
namespace {

float length(Point p) { return std::sqrt(p.x * p.x + p.y * p.y); }

// Corners on circles around the origin, whose radii alternate through `radii`.
std::vector<Point> polygon(int corners, std::initializer_list<float> radii) {
  std::vector<Point> outline;
  for (int i = 0; i < corners; ++i) {
    const float angle = 2 * kPi * static_cast<float>(i) / static_cast<float>(corners);
    const float radius = radii.begin()[static_cast<size_t>(i) % radii.size()];
    outline.push_back({radius * std::cos(angle), radius * std::sin(angle)});
  }
  return outline;
}

std::vector<Point> rectangle(float half_width, float half_height) {
  return {{-half_width, -half_height},
          {half_width, -half_height},
          {half_width, half_height},
          {-half_width, half_height}};
}

std::vector<Point> cross(float reach, float half_arm) {
  const float r = reach, a = half_arm;
  return {{-a, -r}, {a, -r}, {a, -a}, {r, -a}, {r, a},   {a, a},
          {a, r},   {-a, r}, {-a, a}, {-r, a}, {-r, -a}, {-a, -a}};
}

std::vector<Point> ell() {
  return {{-0.6f, -0.8f}, {-0.1f, -0.8f}, {-0.1f, 0.3f}, {0.6f, 0.3f}, {0.6f, 0.8f}, {-0.6f, 0.8f}};
}

std::vector<Point> arrow() {
  return {{1.0f, 0},      {0.1f, -0.8f}, {0.1f, -0.25f}, {-0.9f, -0.25f},
          {-0.9f, 0.25f}, {0.1f, 0.25f}, {0.1f, 0.8f}};
}

}  // namespace

float Figure::distance(Point p) const {
  if (!outline_.empty()) return outline_distance(p);
  const auto to = [&](const Circle& circle) {
    return length({p.x - circle.center.x, p.y - circle.center.y}) - circle.radius;
  };
  return hole_.radius > 0 ? std::max(to(disc_), -to(hole_)) : to(disc_);
}

// Distance to the nearest edge; the sign by the parity of edges that a ray crosses.
float Figure::outline_distance(Point p) const {
  const float beyond = length(p) - 1;
  if (beyond > 0.5f) return beyond;  // far outside: a lower bound will do
  float nearest = std::numeric_limits<float>::max();
  bool inside = false;
  Point a = outline_.back();
  for (const Point b : outline_) {
    const Point edge{b.x - a.x, b.y - a.y}, to{p.x - a.x, p.y - a.y};
    const float along = std::clamp(
        (to.x * edge.x + to.y * edge.y) / (edge.x * edge.x + edge.y * edge.y), 0.0f, 1.0f);
    nearest = std::min(nearest, length({to.x - along * edge.x, to.y - along * edge.y}));
    const bool spans = (a.y > p.y) != (b.y > p.y);
    if (spans && to.x < to.y * edge.x / edge.y) inside = !inside;
    a = b;
  }
  return inside ? -nearest : nearest;
}

std::span<const Figure> figures() {
  static const std::vector<Figure> kFigures{
      {"circle", {{}, 0.85f}, {}},
      {"ring", {{}, 0.9f}, {{}, 0.5f}},
      {"crescent", {{}, 0.95f}, {{0.5f, 0}, 0.75f}},
      {"square", rectangle(0.7f, 0.7f)},
      {"triangle", polygon(3, {1.0f})},
      {"star", polygon(10, {1.0f, 0.42f})},
      {"cross", cross(0.95f, 0.27f)},
      {"bar", rectangle(0.95f, 0.28f)},
      {"arrow", arrow()},
      {"ell", ell()},
  };
  return kFigures;
}

}  // namespace stoker::data
