// What a run's configuration leaves to be found, found at its start: memory.checkpoint: auto, then
// train.microbatch: auto.
//
//   autotune::settle(session, real_file_system());   // session.config holds numbers from here on
#pragma once

#include "stoker/core/file.h"
#include "stoker/run/session.h"

namespace stoker::autotune {

// Takes seconds, or nothing where the same was found before (kept under run.dir, see
// tuning/tune_cache.h). Does nothing for a session without `auto`. Nothing else of the session
// changes, bit for bit. Throws what tune_microbatch throws.
void settle(run::Session& session, FileSystem& files);

}  // namespace stoker::autotune
