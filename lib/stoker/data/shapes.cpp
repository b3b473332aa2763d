#include "stoker/data/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/data/figures.h"

namespace stoker::data {
namespace {

using Color = std::array<float, 3>;  // 0 to 255

float luma(const Color& c) { return 0.299f * c[0] + 0.587f * c[1] + 0.114f * c[2]; }

Color random_color(RandomStream& random) {
  return {random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)};
}

Color mix(const Color& a, const Color& b, float t) {
  return {a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t};
}

// Two colours that run into each other in waves of random direction and length.
class Background {
 public:
  Background(RandomStream& random, float size) {
    first_ = random_color(random);
    second_ = mix(first_, random_color(random), 0.35f);
    const float angle = random.uniform(0, 2 * kPi);
    const float waves = random.uniform(0.3f, 3.0f);
    step_x_ = std::cos(angle) * 2 * kPi * waves / size;
    step_y_ = std::sin(angle) * 2 * kPi * waves / size;
    phase_ = random.uniform(0, 2 * kPi);
  }
  Color at(float x, float y) const {
    return mix(first_, second_, 0.5f + 0.5f * std::sin(x * step_x_ + y * step_y_ + phase_));
  }
  Color mean() const { return mix(first_, second_, 0.5f); }

 private:
  Color first_, second_;
  float step_x_, step_y_, phase_;
};

// A colour that stands out from the background by brightness, lighter or darker.
Color contrasting_color(RandomStream& random, const Color& background) {
  constexpr float kContrast = 60;
  Color color = random_color(random);
  for (int tries = 0; tries < 16; ++tries) {
    if (std::abs(luma(color) - luma(background)) >= kContrast) return color;
    color = random_color(random);
  }
  return luma(background) < 128 ? Color{255, 255, 255} : Color{0, 0, 0};
}

// The figure's place in the image.
struct Pose {
  float center_x, center_y, radius, cosine, sine;

  Pose(RandomStream& random, float size) {
    radius = size * random.uniform(0.24f, 0.40f);
    center_x = random.uniform(radius, size - radius);
    center_y = random.uniform(radius, size - radius);
    const float angle = random.uniform(0, 2 * kPi);
    cosine = std::cos(angle);
    sine = std::sin(angle);
  }
  // From pixels to the figure's own coordinates, where it fits the unit circle.
  Point to_figure(float x, float y) const {
    const float dx = (x - center_x) / radius, dy = (y - center_y) / radius;
    return {cosine * dx + sine * dy, cosine * dy - sine * dx};
  }
};

void draw(const Figure& figure, RandomStream& random, int32_t size, uint8_t* pixels) {
  const auto side = static_cast<float>(size);
  const Background background(random, side);
  const Color color = contrasting_color(random, background.mean());
  const Pose pose(random, side);
  const float noise = random.uniform(4, 16);
  for (int32_t y = 0; y < size; ++y) {
    for (int32_t x = 0; x < size; ++x) {
      const float px = static_cast<float>(x) + 0.5f, py = static_cast<float>(y) + 0.5f;
      const float distance = figure.distance(pose.to_figure(px, py)) * pose.radius;
      const float coverage = std::clamp(0.5f - distance, 0.0f, 1.0f);  // one pixel of smooth edge
      const Color mixed = mix(background.at(px, py), color, coverage);
      for (const float value : mixed) {
        // The sum of two uniforms: close to a bell curve, cheaper than one.
        const float grain = noise * 1.7f * (random.uniform() + random.uniform() - 1.0f);
        *pixels++ = static_cast<uint8_t>(std::clamp(value + grain, 0.0f, 255.0f));
      }
    }
  }
}

class Shapes : public Dataset {
 public:
  explicit Shapes(const ShapesOptions& options) : options_(options) {
    for (const Figure& figure : figures().first(static_cast<size_t>(options.classes)))
      classes_.emplace_back(figure.name());
  }

  int64_t size() const override { return options_.images; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(int64_t index) const override {
    return index % static_cast<int64_t>(classes_.size());
  }
  std::string name(int64_t index) const override {
    return fmt::format("shapes/{}/{}", options_.split == Split::kTrain ? "train" : "val", index);
  }
  std::string recipe(int64_t index) const override {
    return fmt::format("shapes/{}/{}/{}/{}/{}", options_.split == Split::kTrain ? "train" : "val",
                       options_.seed, options_.size, classes_.size(), index);
  }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    const int32_t side = options_.size;
    const int64_t row_bytes = int64_t{3} * side;
    scratch.resize(std::max(scratch.size(), static_cast<size_t>(row_bytes * side)));
    auto* pixels = reinterpret_cast<uint8_t*>(scratch.data());
    const StreamKey key{options_.seed, options_.split == Split::kTrain ? 0u : 1u,
                        static_cast<uint64_t>(index)};
    RandomStream random(key, Purpose::kSynthesize);
    draw(figures()[static_cast<size_t>(label(index))], random, side, pixels);
    return {.pixels = {pixels, side, side, 3, row_bytes}};
  }

 private:
  ShapesOptions options_;
  std::vector<std::string> classes_;
};

}  // namespace

std::shared_ptr<const Dataset> make_shapes_dataset(const ShapesOptions& options) {
  STOKER_CHECK(options.images >= 1 && options.size >= 8, "images={} size={}", options.images,
               options.size);
  STOKER_CHECK(options.classes >= 1 && options.classes <= std::ssize(figures()), "classes={}",
               options.classes);
  return std::make_shared<Shapes>(options);
}

}  // namespace stoker::data
