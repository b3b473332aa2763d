// Our ranges (core/trace.h) as NVTX ranges, for Nsight Systems and what else listens to these.
#pragma once

namespace stoker::machine {

// Where a tool watches this process, as its variable NVTX_INJECTION64_PATH tells, every span is a
// range of its thread from here on. Otherwise, and in a build without CUDA's headers, nothing
// happens. Returns whether ranges are shown.
bool show_ranges_by_nvtx();

}  // namespace stoker::machine
