#include "stoker/tuning/lr_scaling.h"

#include <fmt/format.h>

#include <cmath>

#include "stoker/core/error.h"
#include "stoker/core/text.h"

namespace stoker::tuning {

double BatchScaling::ratio() const {
  STOKER_CHECK(base_batch >= 1 && batch >= 1, "batch {} of {}", batch, base_batch);
  return static_cast<double>(batch) / static_cast<double>(base_batch);
}

double BatchScaling::lr_factor() const {
  switch (rule) {
    case LrRule::kLinear:
      return ratio();
    case LrRule::kSqrt:
      return std::sqrt(ratio());
    case LrRule::kNone:
      break;
  }
  return 1;
}

double BatchScaling::per_image(double decay) const {
  return rule == LrRule::kNone ? decay : std::pow(decay, ratio());
}

double BatchScaling::weight_decay_factor() const {
  return rule == LrRule::kNone ? 1 : ratio() / lr_factor();
}

int64_t BatchScaling::warmup_steps(int64_t images) const {
  return std::llround(static_cast<double>(images) / static_cast<double>(batch));
}

std::vector<std::string> BatchScaling::words(const RecipeValues& values) const {
  std::vector<std::string> lines;
  if (rule == LrRule::kNone || batch == base_batch) return lines;
  const auto line = [&](std::string_view what, double was, double is, std::string_view why) {
    if (was != is) lines.push_back(fmt::format("{} {:.6g} becomes {:.6g}: {}", what, was, is, why));
  };
  const std::string factor =
      rule == LrRule::kLinear
          ? fmt::format("x {:.4g}, as the batch ({} over {})", lr_factor(), batch, base_batch)
          : fmt::format("x {:.4g}, the square root of the batch's {:.4g} ({} over {})", lr_factor(),
                        ratio(), batch, base_batch);
  line("learning rate", values.lr, values.lr * lr_factor(), factor);
  if (values.warmup_images && *values.warmup_images > 0)
    lines.push_back(fmt::format("warmup stays {} images: {} steps",
                                human_count(*values.warmup_images),
                                human_count(warmup_steps(*values.warmup_images))));
  const std::string power =
      fmt::format("to the power of {:.4g}, so that it spans as many images", ratio());
  if (values.ema_decay) line("ema decay", *values.ema_decay, per_image(*values.ema_decay), power);
  if (values.beta1) line("beta1", *values.beta1, per_image(*values.beta1), power);
  if (values.beta2) line("beta2", *values.beta2, per_image(*values.beta2), power);
  if (values.weight_decay)
    line("weight decay", *values.weight_decay, *values.weight_decay * weight_decay_factor(),
         fmt::format("x {:.4g}, so that with the new rate weights shrink as much an image",
                     weight_decay_factor()));
  return lines;
}

}  // namespace stoker::tuning
