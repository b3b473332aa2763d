// Says at once what a signal does to the run, and what a second one costs.
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/train/events.h"

namespace stoker::callbacks {

// run: the run's folder, which the lines name.
std::unique_ptr<train::Callback> make_interrupt_notice(const std::filesystem::path& run);

}  // namespace stoker::callbacks
