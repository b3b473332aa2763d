// How much memory a run holds.
#pragma once

#include <c10/core/Device.h>

namespace stoker::machine {

// GiB: on a GPU what LibTorch's allocator has reserved there, on the CPU the resident set.
double memory_gib(c10::Device device);

}  // namespace stoker::machine
