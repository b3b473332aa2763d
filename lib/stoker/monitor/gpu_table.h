// What GPUs can do, by the names that drivers give them: dense rates (data sheets often headline
// those for sparse matrices, which are twice as high), memory and power, each row with its source.
// docs/gpus.md is this table.
//
//   if (const GpuSpec* gpu = find_gpu("NVIDIA H200")) gpu->peak_tflops(Arithmetic::kBf16);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stoker::monitor {

enum class Arithmetic : uint8_t { kFp32, kTf32, kBf16, kFp16 };

struct GpuSpec {
  std::string_view title;  // "H100 SXM"
  // As NVML and CUDA write it, without "NVIDIA " or "Tesla " before it; alternatives after a '|'.
  std::string_view names;
  double capability = 0;
  double memory_gb = 0;       // 10^9 bytes
  double bandwidth_gb_s = 0;  // 10^9 bytes a second
  // 10^12 operations a second, multiply-adds as two; 0 where the card has none of it.
  double fp32 = 0, tf32 = 0, bf16 = 0, fp16 = 0, fp8 = 0;
  double power_w = 0;
  std::string_view source;
  // The highest clock of its multiprocessors, as NVML gives it of the card that the rates are of;
  // 0: not known, as of cards whose makers set it.
  double max_sm_mhz = 0;

  // Of a card whose highest clock is that one, where it is given: rates go with clocks. Nothing
  // where it lacks that arithmetic.
  std::optional<double> peak_tflops(Arithmetic arithmetic,
                                    std::optional<double> its_max_sm_mhz = std::nullopt) const;
};

std::span<const GpuSpec> gpu_table();

// Null for a card that is not in the table, a variant of one that is, or a MIG slice: a figure of
// another card would be worse than none.
const GpuSpec* find_gpu(std::string_view name);

// The table as docs/gpus.md has it, in Markdown.
std::string gpu_table_markdown();

}  // namespace stoker::monitor
