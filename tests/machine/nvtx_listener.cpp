// What NVTX_INJECTION64_PATH may name in place of Nsight: writes each range of a thread's as it
// begins, and "end" where it ends, to the file that STOKER_NVTX_RANGES names.
#include <cstdio>
#include <cstdlib>

#include "nvtx_injection.h"

namespace {

std::FILE* ranges() {
  static std::FILE* file = std::fopen(std::getenv("STOKER_NVTX_RANGES"), "w");
  return file;
}

int NVTX_API push(const char* name) {
  std::fprintf(ranges(), "%s\n", name);
  std::fflush(ranges());
  return 0;
}

int NVTX_API pop() {
  std::fprintf(ranges(), "end\n");
  std::fflush(ranges());
  return 0;
}

}  // namespace

extern "C" int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table) {
  return stoker::test::hear_ranges(get_export_table, push, pop);
}
