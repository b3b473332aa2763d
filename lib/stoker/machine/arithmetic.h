// Which narrow arithmetic a device is fast at.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace stoker::machine {

struct Arithmetic {
  bool bf16 = false;  // faster than float32
  bool fp16 = false;
  std::string reason;  // "this CPU has AMX", "compute capability 7.5 has tensor cores for fp16"
};

// Of a CPU, AMX decides: without its tiles bf16 trains at about half the speed of float32
// (docs/benchmarks.md). ONEDNN_MAX_CPU_ISA is heeded, which bars oneDNN from them. Of a GPU, the
// compute capability: 8.0 and above have tensor cores for bf16, 7.0 and above for fp16.
Arithmetic fast_arithmetic(c10::Device device);

}  // namespace stoker::machine
