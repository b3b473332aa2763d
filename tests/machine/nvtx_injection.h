// How a library that NVTX_INJECTION64_PATH names comes to hear of ranges.
#pragma once

#include <nvtx3/nvToolsExt.h>

namespace stoker::test {

using NvtxPush = int(NVTX_API*)(const char* name);
using NvtxPop = int(NVTX_API*)();

// For InitializeInjectionNvtx2: 1 where the two are called from now on, 0 where NVTX has no such
// table.
inline int hear_ranges(NvtxGetExportTableFunc_t get_export_table, NvtxPush push, NvtxPop pop) {
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

}  // namespace stoker::test
