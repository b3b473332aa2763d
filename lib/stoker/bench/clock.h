// Small things that every measurement needs.
#pragma once

#include <c10/core/Device.h>

#include "stoker/core/clock.h"

namespace stoker::bench {

// Until the device has done all that was queued; nothing on the CPU.
void wait_for(c10::Device device);
// Throws Interrupted when a signal asked to stop.
void check_interrupt();

}  // namespace stoker::bench
