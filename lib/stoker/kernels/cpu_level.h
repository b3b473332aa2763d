// Which instruction set the CPU's inner loops use; one binary carries all of them.
#pragma once

#include <cstdint>

namespace stoker::kernels {

// As in the x86-64 psABI: v3 has AVX2, v4 AVX-512. Other processors have the baseline alone.
enum class CpuLevel : uint8_t { kBaseline, kV3, kV4 };

// The best level of this processor.
CpuLevel cpu_level();

}  // namespace stoker::kernels
