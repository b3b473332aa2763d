// The rows of the table that stand in files of their own, with their options.
#pragma once

#include <memory>
#include <string_view>

#include "stoker/augment/step.h"

namespace stoker::augment {

// The row of a step that is made from its options alone.
template <class Made, class Options>
StepTable::Row row_of(std::string_view name, std::string_view help) {
  return StepTable::row<Options>(
      name, help, [](const Options& options) -> Step { return std::make_unique<Made>(options); });
}

StepTable::Row color_jitter_row();
StepTable::Row random_grayscale_row();
StepTable::Row random_posterize_row();
StepTable::Row random_solarize_row();
StepTable::Row random_autocontrast_row();
StepTable::Row random_equalize_row();
StepTable::Row random_invert_row();
StepTable::Row random_sharpness_row();
StepTable::Row gaussian_blur_row();
StepTable::Row gaussian_noise_row();
StepTable::Row salt_and_pepper_row();
StepTable::Row random_affine_row();
StepTable::Row random_perspective_row();
StepTable::Row random_erasing_row();
StepTable::Row rand_augment_row();
StepTable::Row trivial_augment_wide_row();
StepTable::Row auto_augment_row();

}  // namespace stoker::augment
