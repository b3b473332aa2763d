// What NVTX_INJECTION64_PATH may name in place of Nsight: writes each range of a thread's as it
// begins, and "end" where it ends, to the file that STOKER_NVTX_RANGES names.
#include <nvtx3/nvToolsExt.h>

#include <cstdio>
#include <cstdlib>

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
  const auto* callbacks =
      static_cast<const NvtxExportTableCallbacks*>(get_export_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  unsigned int size = 0;
  if (callbacks == nullptr ||
      callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &table, &size) == 0 ||
      size <= NVTX_CBID_CORE_RangePop) {
    return 0;
  }
  *table[NVTX_CBID_CORE_RangePushA] = reinterpret_cast<NvtxFunctionPointer>(push);
  *table[NVTX_CBID_CORE_RangePop] = reinterpret_cast<NvtxFunctionPointer>(pop);
  return 1;
}
