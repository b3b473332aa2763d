// From `stoker` to `stoker-torch`, in the same process.
#pragma once

namespace stoker::app {

// Runs stoker-torch with these arguments in place of this program. Returns only by throwing
// ConfigError, where there is none or it cannot be started.
int become_stoker_torch(char** argv);

}  // namespace stoker::app
