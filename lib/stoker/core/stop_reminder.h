// What a process that was asked to stop (interrupt.h) is still at: a line for standard error, every
// ten seconds from the first signal until the process ends.
//
//   set_stop_reminder("still in step 12, of micro-batches of 400 images");
#pragma once

#include <string_view>

namespace stoker {

// "" for none, as it is from the start. Cut at 500 bytes. For the thread that sets the notices.
void set_stop_reminder(std::string_view line);

}  // namespace stoker
