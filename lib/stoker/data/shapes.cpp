#include "stoker/data/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/data/figures.h"
#include "stoker/data/label_sets.h"

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

// Of a figure, as shares of the image's side.
struct Radii {
  float least, most;
};
constexpr Radii kOfOne{0.24f, 0.40f}, kOfSeveral{0.18f, 0.26f};

// The figure's place in the image.
struct Pose {
  float center_x, center_y, radius, cosine, sine;

  Pose(RandomStream& random, float size, Radii radii) {
    radius = size * random.uniform(radii.least, radii.most);
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

struct Placed {
  const Figure* figure;
  Color color;
  Pose pose;
};

// Later figures cover earlier ones.
void draw(std::span<const Figure* const> wanted, Radii radii, RandomStream& random, int32_t size,
          uint8_t* pixels) {
  const auto side = static_cast<float>(size);
  const Background background(random, side);
  std::vector<Placed> placed;
  for (const Figure* figure : wanted) {
    const Color color = contrasting_color(random, background.mean());
    placed.push_back({figure, color, Pose(random, side, radii)});
  }
  const float noise = random.uniform(4, 16);
  for (int32_t y = 0; y < size; ++y) {
    for (int32_t x = 0; x < size; ++x) {
      const float px = static_cast<float>(x) + 0.5f, py = static_cast<float>(y) + 0.5f;
      Color mixed = background.at(px, py);
      for (const auto& [figure, color, pose] : placed) {
        const float distance = figure->distance(pose.to_figure(px, py)) * pose.radius;
        const float coverage = std::clamp(0.5f - distance, 0.0f, 1.0f);  // one pixel of smooth edge
        mixed = mix(mixed, color, coverage);
      }
      for (const float value : mixed) {
        // The sum of two uniforms: close to a bell curve, cheaper than one.
        const float grain = noise * 1.7f * (random.uniform() + random.uniform() - 1.0f);
        *pixels++ = static_cast<uint8_t>(std::clamp(value + grain, 0.0f, 255.0f));
      }
    }
  }
}

// From none to `most` of the classes, each at most once; all numbers of them are equally likely.
std::vector<int32_t> draw_labels(RandomStream& random, int64_t most, int64_t classes) {
  const auto largest = static_cast<uint32_t>(std::min(most, classes));
  const uint32_t count = random.below(largest + 1);
  std::vector<int32_t> labels;
  while (labels.size() < count) {
    const auto label = static_cast<int32_t>(random.below(static_cast<uint32_t>(classes)));
    if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
  }
  return labels;
}

class Shapes : public Dataset {
 public:
  explicit Shapes(const ShapesOptions& options) : options_(options) {
    for (const Figure& figure : figures().first(static_cast<size_t>(options.classes)))
      classes_.emplace_back(figure.name());
    for (int64_t i = 0; options.most_figures > 0 && i < options.images; ++i) {
      RandomStream random(stream_of(i), Purpose::kSynthesize);
      labels_.add(draw_labels(random, options.most_figures, options.classes));
    }
  }

  int64_t size() const override { return options_.images; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  bool is_multilabel() const override { return options_.most_figures > 0; }
  std::span<const int32_t> labels(int64_t index) const override {
    return is_multilabel() ? labels_[index] : std::span<const int32_t>();
  }
  int64_t label(int64_t index) const override {
    if (is_multilabel()) return labels_.first(index);
    return index % static_cast<int64_t>(classes_.size());
  }
  std::string name(int64_t index) const override {
    return fmt::format("shapes/{}/{}", options_.split == Split::kTrain ? "train" : "val", index);
  }
  std::string recipe(int64_t index) const override {
    return fmt::format("shapes/{}/{}/{}/{}/{}{}", options_.split == Split::kTrain ? "train" : "val",
                       options_.seed, options_.size, classes_.size(), index,
                       is_multilabel() ? fmt::format("/{}", options_.most_figures) : "");
  }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    const int32_t side = options_.size;
    const int64_t row_bytes = int64_t{3} * side;
    scratch.resize(std::max(scratch.size(), static_cast<size_t>(row_bytes * side)));
    auto* pixels = reinterpret_cast<uint8_t*>(scratch.data());
    RandomStream random(stream_of(index), Purpose::kSynthesize);
    if (is_multilabel()) {
      std::vector<const Figure*> wanted;
      for (const int32_t label : draw_labels(random, options_.most_figures, options_.classes))
        wanted.push_back(&figures()[static_cast<size_t>(label)]);
      draw(wanted, kOfSeveral, random, side, pixels);
    } else {
      const Figure* const figure = &figures()[static_cast<size_t>(label(index))];
      draw(std::span(&figure, 1), kOfOne, random, side, pixels);
    }
    return {.pixels = {pixels, side, side, 3, row_bytes}};
  }

 private:
  StreamKey stream_of(int64_t index) const {
    return {options_.seed, options_.split == Split::kTrain ? 0u : 1u, static_cast<uint64_t>(index)};
  }

  ShapesOptions options_;
  std::vector<std::string> classes_;
  LabelSets labels_;  // where images have several figures
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
