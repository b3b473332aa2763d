// What follows from a GPU's compute capability.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoker::monitor {

// The types that its tensor cores multiply, the oldest first: {"fp16", "int8", "bf16", …}; none
// before 7.0.
std::vector<std::string> tensor_core_types(double capability);

// Whether its work can be recorded and launched as CUDA graphs.
bool has_cuda_graphs(double capability);

// What train.precision: auto chooses on it.
std::string_view fastest_precision(double capability);

// Compute capabilities that a build has kernels for: as code, which runs on later cards of the same
// generation, and as PTX, which the driver compiles for all later ones.
struct Kernels {
  std::vector<double> code, ptx;
  bool empty() const { return code.empty() && ptx.empty(); }
};
// architectures: as CMake writes them, "80-real;90".
Kernels kernels_of(std::string_view architectures);

enum class KernelFit { kCode, kPtx, kNone };
KernelFit fit_of(const Kernels& kernels, double capability);

}  // namespace stoker::monitor
