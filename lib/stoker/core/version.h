// What this binary is and what it was built with; `stoker --version` and environment.json print it.
//
//   log().info("stoker {} ({})", build_info().version, build_info().revision);
//
// Versions at run time (the driver, the cuDNN that was loaded) are for those who ask the libraries:
// core knows none of them.
#pragma once

#include <string_view>

namespace stoker {

// "" where a thing is not built in, or not known.
struct BuildInfo {
  std::string_view version;     // "0.1.0"
  std::string_view revision;    // of git, with "-dirty" when files had changed
  std::string_view build_type;  // "release", "debug"
  std::string_view compiler;    // "GNU 12.2.0"
  std::string_view libtorch;
  std::string_view cuda;  // of nvcc
  std::string_view
      cuda_architectures;  // that kernels were built for, as CMake writes them: "80-real;90"
  std::string_view cudnn;
  std::string_view nccl;
  std::string_view opencv;
};

const BuildInfo& build_info();

}  // namespace stoker
