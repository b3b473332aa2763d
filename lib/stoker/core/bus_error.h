// What happens when a mapped file is cut short while it is read, or its disk fails: SIGBUS.
//
// The process then ends with ExitCode::kData and says which file it was, as /proc/self/maps tells
// by the address. A SIGBUS of another cause goes the way it would have gone.
#pragma once

namespace stoker {

void install_bus_error_handler();

}  // namespace stoker
