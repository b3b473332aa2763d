// What `data pack` does with the splits of a folder or of a config.
#pragma once

#include <vector>

#include "command_line/data.h"
#include "progress_line.h"
#include "stoker/pack/pack.h"

namespace stoker::app {

// Packs those of the splits that were asked for and prints what came of it. Throws ConfigError, and
// what pack::pack() throws.
ExitCode write_pack(PackArguments arguments, std::vector<pack::PackSplit> all_splits,
                    const ProgressLineOptions& progress_line);

}  // namespace stoker::app
