// From `stoker` to `stoker-torch`, in the same process.
#pragma once

#include <filesystem>

namespace stoker::app {

// The program. Throws ConfigError where it is not there.
std::filesystem::path stoker_torch();

// Runs stoker-torch with these arguments in place of this program. Returns only by throwing
// ConfigError, where there is none or it cannot be started.
int become_stoker_torch(char** argv);

}  // namespace stoker::app
