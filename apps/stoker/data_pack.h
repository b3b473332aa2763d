// `data pack` and `data index`: shards from a data set, indexes beside shards.
#pragma once

#include "verb.h"

namespace stoker::app {

void add_pack(CLI::App& parent, Action& action);
void add_index(CLI::App& parent, Action& action);

}  // namespace stoker::app
