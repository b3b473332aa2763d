#include "stoker/optim/grad_scaler.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "stoker/core/error.h"
#include "stoker/optim/gradients.h"

namespace stoker::optim {

void describe(GradScalerOptions& options, config::Fields& fields) {
  fields("initial_scale", options.initial_scale, "factor on the loss at the start").positive();
  fields("growth_factor", options.growth_factor, "times the scale after growth_interval steps")
      .above(1);
  fields("backoff_factor", options.backoff_factor, "times the scale after a non-finite gradient")
      .above(0)
      .at_most(1);
  fields("growth_interval", options.growth_interval,
         "steps in a row with finite gradients before the scale grows")
      .positive();
}

GradScaler::GradScaler(GradScalerOptions options, at::Device device)
    : options_(options),
      scale_(at::full({}, options.initial_scale,
                      at::TensorOptions().dtype(at::kFloat).device(device))),
      growth_tracker_(at::zeros({}, at::TensorOptions().dtype(at::kInt).device(device))),
      found_inf_(at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device))) {
  if (options.backoff_factor >= 1) {
    throw ConfigError(
        "backoff_factor: 1 would never lower the scale; it must be above 0 and below 1.");
  }
}

at::Tensor GradScaler::scale(const at::Tensor& loss) const { return loss * scale_; }

void GradScaler::unscale(Optimizer& optimizer) {
  STOKER_CHECK(!unscaled_, "unscale() was called twice without update()");
  at::NoGradGuard no_grad;
  found_inf_.zero_();
  // The reciprocal of a float32 is taken in float64, as torch.amp does, to be the nearest one.
  const at::Tensor inverse = scale_.to(at::kDouble).reciprocal().to(at::kFloat);
  for (const auto& list : gradient_lists(optimizer)) {
    STOKER_CHECK(list.front().device() == scale_.device(), "gradients on {}, scaler on {}",
                 list.front().device().str(), scale_.device().str());
    at::_amp_foreach_non_finite_check_and_unscale_(list, found_inf_, inverse);
  }
  optimizer.share_found_inf(found_inf_);
  unscaled_ = true;
}

bool GradScaler::step(Optimizer& optimizer, const StepOptions& options) {
  STOKER_CHECK(!options.grad_scale && !options.found_inf, "the scaler is the one to set these");
  if (!unscaled_) unscale(optimizer);
  if (found_inf_.item<float>() != 0) {
    ++skipped_steps_;
    return false;
  }
  optimizer.step(options);
  return true;
}

void GradScaler::update() {
  STOKER_CHECK(unscaled_, "update() without gradients seen by unscale() or step()");
  at::NoGradGuard no_grad;
  at::_amp_update_scale_(scale_, growth_tracker_, found_inf_, options_.growth_factor,
                         options_.backoff_factor, options_.growth_interval);
  unscaled_ = false;
}

double GradScaler::scale_value() const { return scale_.item<float>(); }

GradScaler::State GradScaler::state() const {
  return {scale_value(), growth_tracker_.item<int>(), skipped_steps_};
}

void GradScaler::load_state(const State& state) {
  STOKER_CHECK(!unscaled_, "load_state() between unscale() and update()");
  if (!(state.scale > 0) || !std::isfinite(state.scale) || state.growth_tracker < 0 ||
      state.skipped_steps < 0) {
    throw DataError(
        fmt::format("the gradient scaler's state makes no sense: scale {}, "
                    "growth_tracker {}, skipped_steps {}",
                    state.scale, state.growth_tracker, state.skipped_steps));
  }
  scale_.fill_(state.scale);
  growth_tracker_.fill_(state.growth_tracker);
  skipped_steps_ = state.skipped_steps;
}

}  // namespace stoker::optim
