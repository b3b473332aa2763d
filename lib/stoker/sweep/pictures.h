// A sweep's results as SVG pictures in its folder.
#pragma once

#include <filesystem>

#include "stoker/sweep/results.h"

namespace stoker::sweep {

// pareto.svg: the metric over training time; importance.svg: what each key explains. None where
// there is nothing to show. Throws FileError.
void write_pictures(const std::filesystem::path& folder, const Results& results);

}  // namespace stoker::sweep
