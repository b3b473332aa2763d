// What a run's configuration leaves to be found, found at its start: train.batch_size: auto, then
// memory.checkpoint: auto and train.microbatch: auto.
//
//   settle_batch(config, real_file_system());        // before a session is built of it
//   run::Session session = run::build_session(config);
//   autotune::settle(session, real_file_system());   // session.config holds numbers from here on
#pragma once

#include <optional>

#include "stoker/core/file.h"
#include "stoker/run/session.h"
#include "stoker/tuning/line_fit.h"

namespace stoker::autotune {

// train.batch_size: auto becomes a number: the smallest batch, from tune.base_batch_size to 16
// times that, whose images/s are near the best; and at least 20 steps an epoch. Where that batch
// does not fit as a whole, train.microbatch becomes a number as well. Does nothing for a config
// without. As for settle(), it takes seconds or nothing. Throws what build_session and
// tune_microbatch throw. Of several ranks the first finds it for its own share of a batch, while
// the others wait; so does settle().
void settle_batch(run::RunConfig& config, FileSystem& files, dist::Group& group = dist::alone());

// Returns what a step needs by its micro-batch, where that is known now, for
// TrainerOptions.memory_model. Takes seconds, or nothing where the same was found before (kept
// under run.dir, see tuning/tune_cache.h). Does nothing for a session without `auto`. Nothing else
// of the session changes, bit for bit. Throws what tune_microbatch throws.
std::optional<tuning::Line> settle(run::Session& session, FileSystem& files);

}  // namespace stoker::autotune
