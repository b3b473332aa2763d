#include "stoker/augment/pipeline.h"

#include "stoker/augment/center_crop.h"
#include "stoker/augment/normalize.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

constexpr std::string_view kErasing = "random_erasing";

// Keeps the order of the list: pixels are moved, then changed, then erased.
class Order {
 public:
  void add_geometric(const std::string& name) const {
    if (!changed_by_.empty())
      throw ConfigError(fmt::format(
          "augment: {} comes after {}, but one pass moves pixels before it changes them; put {} "
          "before {}.",
          name, changed_by_, name, changed_by_));
  }

  void add_image_step(const std::string& name, int most_ops, bool normalized) {
    if (changed_by_ == kErasing || erased_)
      throw ConfigError(fmt::format(
          "augment: {} comes after {}, which paints over the finished image; put {} last.", name,
          kErasing, kErasing));
    erased_ = name == kErasing;
    if (normalized && !erased_)
      throw ConfigError(fmt::format(
          "augment: {} comes after normalize, but it works on pixels of 8 bits; put normalize "
          "after {}.",
          name, name));
    if (changed_by_.empty()) changed_by_ = name;
    ops_ += most_ops;
    if (ops_ > kernels::Program::kMostOps)
      throw ConfigError(fmt::format(
          "augment: with {} the list comes to {} operations an image, and a pass holds {}; leave "
          "some out.",
          name, ops_, kernels::Program::kMostOps));
  }

 private:
  std::string changed_by_;  // the first step that changes pixels
  bool erased_ = false;
  int ops_ = 0;
};

// The step whose place the views vary; null where they vary none.
const config::Choice* crop_of_views(std::span<const config::Choice> steps,
                                    const ViewOptions& views) {
  if (views.crops == Crops::kCenter) return nullptr;
  const config::Choice* last_size = nullptr;
  for (const config::Choice& step : steps)
    if (sides_of(step) != nullptr) last_size = &step;
  if (last_size == nullptr || last_size->name() != "center_crop")
    throw ConfigError(fmt::format(
        "eval.tta.crops: five takes the corners of what center_crop cuts, but {} decides the size; "
        "list center_crop last in eval.augment.",
        last_size == nullptr ? "nothing" : last_size->name()));
  return last_size;
}

// Views that are moved show a mirrored edge, which is a pad.
void look_ahead_to_shifts(const ViewOptions& views, Plan& plan) {
  if (views.translate == 0) return;
  if (plan.padded || (plan.resampled && plan.cropped))
    throw ConfigError(fmt::format(
        "eval.tta.translate: {} moves the image and pads it, but eval.augment {}, and one pass "
        "cannot do both; leave one out.",
        views.translate, plan.padded ? "pads already" : "crops what it has resized"));
  plan.padded = true;
}

void shift_view(Canvas& canvas, int32_t shift) {
  if (shift == 0) return;
  settle(canvas);
  canvas.geometry.border = kernels::Border::kReflect;
  crop(canvas, {shift, shift, canvas.width, canvas.height});
}

}  // namespace

Pipeline::Pipeline(std::span<const config::Choice> steps, const ViewOptions& views)
    : views_(views) {
  Order order;
  const config::Choice* view_crop = crop_of_views(steps, views);
  for (const config::Choice& choice : steps) {
    if (choice.name() == "normalize") {
      if (plan_.normalized)
        throw ConfigError("augment: normalize is listed twice; keep one, at the end of the list.");
      plan_.normalized = true;
      normalization_ = normalization_of(choice.as<NormalizeOptions>());
      continue;
    }
    Step step = &choice == view_crop ? build_center_crop(choice.as<CenterCropOptions>(), views)
                                     : augmentations().build(choice);
    if (auto* geometric = std::get_if<std::unique_ptr<GeometricStep>>(&step)) {
      order.add_geometric(choice.name());
      (*geometric)->look_ahead(plan_);
      steps_.push_back(std::move(*geometric));
    } else if (auto* image = std::get_if<std::unique_ptr<ImageStep>>(&step)) {
      order.add_image_step(choice.name(), (*image)->most_ops(), plan_.normalized);
      image_steps_.push_back(std::move(*image));
    }
  }
  look_ahead_to_shifts(views, plan_);
}

Canvas Pipeline::run(StreamKey key, RandomStream& random, int32_t width, int32_t height) const {
  Canvas canvas = canvas_of(width, height);
  for (const auto& step : steps_) step->apply(canvas, random, key);
  const View view = view_of(views_, key.repetition);
  shift_view(canvas, view.shift);
  if (view.mirrored) mirror_x(canvas);
  return canvas;
}

kernels::Geometry Pipeline::draw(StreamKey key, int32_t width, int32_t height) const {
  RandomStream random(key, Purpose::kAugment);
  return run(key, random, width, height).geometry;
}

Recipe Pipeline::recipe(StreamKey key, int32_t width, int32_t height) const {
  RandomStream random(key, Purpose::kAugment);
  const Canvas canvas = run(key, random, width, height);
  Recipe recipe{canvas.geometry, {}};
  recipe.program.key = key;
  for (const auto& step : image_steps_)
    step->append({canvas.width, canvas.height}, random, recipe.program);
  return recipe;
}

Size Pipeline::output_size(int32_t source_width, int32_t source_height) const {
  if (plan_.size) return *plan_.size;
  RandomStream random({}, Purpose::kAugment);
  const Canvas canvas = run({}, random, source_width, source_height);
  return {canvas.width, canvas.height};
}

}  // namespace stoker::augment
