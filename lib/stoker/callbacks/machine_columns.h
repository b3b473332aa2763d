// The part of a log line that says what the machine did (train/machine_line.h), one row a figure.
#pragma once

#include <vector>

#include "stoker/callbacks/columns.h"

namespace stoker::callbacks {

std::vector<Column> machine_columns();

}  // namespace stoker::callbacks
