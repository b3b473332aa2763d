// Running statistics of batch norms, measured again for weights that no step has seen: averages of
// the weights of many steps (Izmailov et al., "Averaging Weights Leads to Wider Optima", UAI 2018).
//
//   Feed feed(source, device, precision, chunks);
//   renew_norm_statistics(model, feed, {.device = device, .precision = precision});
#pragma once

#include <cstdint>

#include "stoker/models/model.h"
#include "stoker/train/feed.h"
#include "stoker/train/state.h"

namespace stoker::train {

struct NormRenewal {
  at::Device device{at::kCPU};
  Precision precision = Precision::kFp32;
  int64_t smallest_batch = 1;  // batches of fewer images, which some could not be read of, do not
                               // count
};

// Shows the model all batches of `images` and gives each batch norm that learns the mean of their
// statistics. The norms alone are in training mode: dropout does nothing, as in evaluation. All
// else is as it was afterwards, num_batches_tracked too; without a batch, the statistics as well.
// Each rank renews for itself, even where train.batch_norm is sync. Throws what the feed and the
// network throw; the statistics are then of no use.
void renew_norm_statistics(models::Model& model, BatchSource& images, const NormRenewal& renewal);

// Which training images: the first of an epoch, in its order.
struct NormImages {
  int64_t count = 0;
  int64_t epoch = 0;  // from 0 on
};
// The same for the run's model, in the micro-batches of training; a rest is left out.
void renew_norm_statistics(State& state, const Source& source, Precision precision,
                           const NormImages& images);

// Whether some buffer is a running statistic of a norm that renew_norm_statistics() does not know,
// as within a TorchScript file.
bool has_foreign_norms(const models::Model& model);

}  // namespace stoker::train
