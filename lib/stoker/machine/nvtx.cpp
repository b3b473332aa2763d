#include "stoker/machine/nvtx.h"

#include <cstdlib>

#include "stoker/core/trace.h"

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define STOKER_HAS_NVTX 1
#else
#define STOKER_HAS_NVTX 0
#endif

namespace stoker::machine {

bool show_ranges_by_nvtx() {
#if STOKER_HAS_NVTX
  if (std::getenv("NVTX_INJECTION64_PATH") == nullptr) return false;
  trace::listen(
      {.begin = [](const char* name) { nvtxRangePushA(name); }, .end = [] { nvtxRangePop(); }});
  return true;
#else
  return false;
#endif
}

}  // namespace stoker::machine
