// `stoker data pack` and `stoker data index`, of command_line/data.h.
#pragma once

#include "command_line/data.h"

namespace stoker::app {

void add_pack(CLI::App& parent, Action& action, const DataBodies& bodies);
void add_index(CLI::App& parent, Action& action, const DataBodies& bodies);

}  // namespace stoker::app
