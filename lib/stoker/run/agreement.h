// Whether all ranks are about to train the same.
#pragma once

#include "stoker/run/session.h"

namespace stoker::run {

// Compares versions, resolved configurations, data sets and weights (the teacher's too) of the
// session's ranks. Where something differs, but for what belongs to a host (data.root, device, …),
// all ranks throw: ConfigError naming ranks, keys or tensors, DataError for the data. Costs a pass
// over the names of the samples and one over the weights; nothing where there is one rank. Throws
// PeerFailed.
void check_ranks_agree(const Session& session);

}  // namespace stoker::run
