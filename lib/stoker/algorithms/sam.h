// Sharpness-aware minimization: the gradient that moves the weights is taken where the loss nearby
// is worst, so that training ends in flat minima (Foret et al., "Sharpness-aware minimization for
// efficiently improving generalization", ICLR 2021, equation 2), or nearby by each weight's own
// measure (ASAM; Kwon et al., ICML 2021, equation 6).
//
//   SAM:   g at w + rho g / |g|
//   ASAM:  g at w + rho T^2 g / |T g|,  T = |w| + eta
//
// A step makes two passes over the same micro-batches, with the same draws, and takes twice as
// long. The loss that is reported and the running statistics of batch norms are those of the first.
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/train/events.h"

namespace stoker::algorithms {

struct SamOptions {
  double rho = 0.05;
};
void describe(SamOptions& options, config::Fields& fields);
std::unique_ptr<train::Algorithm> make_sam(const SamOptions& options);

struct AsamOptions {
  double rho = 0.5;
  double eta = 0.01;
};
void describe(AsamOptions& options, config::Fields& fields);
std::unique_ptr<train::Algorithm> make_asam(const AsamOptions& options);

}  // namespace stoker::algorithms
