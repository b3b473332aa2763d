// Small things that every measurement needs.
#pragma once

#include <c10/core/Device.h>

#include <chrono>

namespace stoker::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Until the device has done all that was queued; nothing on the CPU.
void wait_for(c10::Device device);
// Throws Interrupted when a signal asked to stop.
void check_interrupt();

}  // namespace stoker::bench
