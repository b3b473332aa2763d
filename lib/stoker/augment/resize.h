// resize: the whole image to another size, antialiased bilinear.
#pragma once

#include <vector>

#include "stoker/augment/step.h"

namespace stoker::augment {

struct ResizeOptions {
  std::vector<int64_t> size;
};
void describe(ResizeOptions& options, config::Fields& fields);

std::unique_ptr<GeometricStep> build_resize(const ResizeOptions& options);

// Throws ConfigError that says which earlier step padded; for every step that resamples.
void check_not_padded(const Plan& plan, std::string_view step);

}  // namespace stoker::augment
