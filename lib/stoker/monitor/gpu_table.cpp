#include "stoker/monitor/gpu_table.h"

#include <fmt/format.h>

#include <array>

namespace stoker::monitor {

namespace {

constexpr std::string_view kV100 = "https://www.nvidia.com/en-us/data-center/v100/";
constexpr std::string_view kA100 = "https://www.nvidia.com/en-us/data-center/a100/";
constexpr std::string_view kH100 = "https://www.nvidia.com/en-us/data-center/h100/";
constexpr std::string_view kH200 = "https://www.nvidia.com/en-us/data-center/h200/";
constexpr std::string_view kAmpere =
    "https://www.nvidia.com/content/PDF/nvidia-ampere-ga-102-gpu-architecture-whitepaper-v2.pdf";
constexpr std::string_view kAda =
    "https://images.nvidia.com/aem-dam/Solutions/geforce/ada/nvidia-ada-gpu-architecture.pdf";
constexpr std::string_view kBlackwell =
    "https://images.nvidia.com/aem-dam/Solutions/geforce/blackwell/"
    "nvidia-rtx-blackwell-gpu-architecture.pdf";

std::string_view without(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

bool is_among(std::string_view name, std::string_view names) {
  while (!names.empty()) {
    const size_t end = names.find('|');
    if (names.substr(0, end) == name) return true;
    if (end == std::string_view::npos) return false;
    names.remove_prefix(end + 1);
  }
  return false;
}

std::string cell(double value) { return value > 0 ? fmt::format("{:g}", value) : "–"; }

}  // namespace

std::optional<double> GpuSpec::peak_tflops(Arithmetic arithmetic,
                                           std::optional<double> its_max_sm_mhz) const {
  double peak = fp32;
  if (arithmetic == Arithmetic::kTf32) peak = tf32;
  if (arithmetic == Arithmetic::kBf16) peak = bf16;
  if (arithmetic == Arithmetic::kFp16) peak = fp16;
  if (its_max_sm_mhz && max_sm_mhz > 0) peak *= *its_max_sm_mhz / max_sm_mhz;
  return peak > 0 ? std::optional(peak) : std::nullopt;
}

// clang-format off
std::span<const GpuSpec> gpu_table() {
  static constexpr std::array<GpuSpec, 25> table{{
  //  title                names                                      cc    GB   GB/s   fp32  tf32   bf16    fp16   fp8  W
    {"T4",                "T4",                                       7.5,  16,  320,   8.1,  0,     0,      65,    0,    70,
     "https://www.nvidia.com/en-us/data-center/tesla-t4/", 1590},
    {"V100 PCIe",         "V100-PCIE-16GB|V100-PCIE-32GB",            7.0,  16,  900,   14,   0,     0,      112,   0,    250, kV100, 1380},
    {"V100 SXM2",         "V100-SXM2-16GB|V100-SXM2-32GB",            7.0,  16,  900,   15.7, 0,     0,      125,   0,    300, kV100, 1530},
    {"A10",               "A10",                                      8.6,  24,  600,   31.2, 62.5,  125,    125,   0,    150,
     "https://www.nvidia.com/en-us/data-center/products/a10-gpu/", 1695},
    {"A30",               "A30",                                      8.0,  24,  933,   10.3, 82,    165,    165,   0,    165,
     "https://www.nvidia.com/en-us/data-center/products/a30-gpu/", 1440},
    {"A40",               "A40",                                      8.6,  48,  696,   37.4, 74.8,  149.7,  149.7, 0,    300,
     "https://www.nvidia.com/en-us/data-center/a40/", 1740},
    {"A100 40GB PCIe",    "A100-PCIE-40GB",                           8.0,  40,  1555,  19.5, 156,   312,    312,   0,    250, kA100, 1410},
    {"A100 80GB PCIe",    "A100 80GB PCIe",                           8.0,  80,  1935,  19.5, 156,   312,    312,   0,    300, kA100, 1410},
    {"A100 40GB SXM",     "A100-SXM4-40GB",                           8.0,  40,  1555,  19.5, 156,   312,    312,   0,    400, kA100, 1410},
    {"A100 80GB SXM",     "A100-SXM4-80GB",                           8.0,  80,  2039,  19.5, 156,   312,    312,   0,    400, kA100, 1410},
    {"RTX 3090",          "GeForce RTX 3090",                         8.6,  24,  936,   35.6, 35.6,  71,     71,    0,    350, kAmpere},
    {"L4",                "L4",                                       8.9,  24,  300,   30.3, 60,    121,    121,   242,  72,
     "https://www.nvidia.com/en-us/data-center/l4/", 2040},
    {"L40",               "L40",                                      8.9,  48,  864,   90.5, 90.5,  181,    181,   362,  300,
     "https://www.nvidia.com/en-us/data-center/l40/", 2490},
    {"L40S",              "L40S",                                     8.9,  48,  864,   91.6, 183,   362,    362,   733,  350,
     "https://www.nvidia.com/en-us/data-center/l40s/", 2520},
    {"RTX 4090",          "GeForce RTX 4090",                         8.9,  24,  1008,  82.6, 82.6,  165.2,  165.2, 330,  450, kAda},
    {"RTX 5090",          "GeForce RTX 5090",                         12.0, 32,  1792,  104.8, 104.8, 209.5, 209.5, 419,  575, kBlackwell},
    {"H100 PCIe",         "H100 PCIe",                                9.0,  80,  2000,  51,   378,   756,    756,   1513, 350, kH100, 1755},
    {"H100 NVL",          "H100 NVL",                                 9.0,  94,  3900,  60,   417.5, 835,    835,   1671, 400, kH100, 1785},
    {"H100 SXM",          "H100 80GB HBM3",                           9.0,  80,  3350,  67,   494.5, 989,    989,   1979, 700, kH100, 1980},
    {"GH200",             "GH200 480GB|GH200 120GB",                  9.0,  96,  4000,  67,   494.5, 989,    989,   1979, 900,
     "https://www.nvidia.com/en-us/data-center/grace-hopper-superchip/", 1980},
    {"H200 NVL",          "H200 NVL",                                 9.0,  141, 4800,  60,   417.5, 835,    835,   1671, 600, kH200, 1785},
    {"H200 SXM",          "H200",                                     9.0,  141, 4800,  67,   494.5, 989,    989,   1979, 700, kH200, 1980},
    {"B200",              "B200",                                     10.0, 180, 8000,  75,   1125,  2250,   2250,  4500, 1000,
     "https://www.nvidia.com/en-us/data-center/dgx-b200/"},
    {"GB200",             "GB200",                                    10.0, 186, 8000,  80,   1250,  2500,   2500,  5000, 1200,
     "https://www.nvidia.com/en-us/data-center/gb200-nvl72/"},
    {"GB300",             "GB300",                                    10.3, 279, 8000,  80,   1250,  2500,   2500,  5000, 1400,
     "https://www.nvidia.com/en-us/data-center/gb300-nvl72/"},
  }};
  return table;
}
// clang-format on

const GpuSpec* find_gpu(std::string_view name) {
  name = without(without(name, "NVIDIA "), "Tesla ");
  for (const GpuSpec& gpu : gpu_table()) {
    if (is_among(name, gpu.names)) return &gpu;
  }
  return nullptr;
}

std::string gpu_table_markdown() {
  std::string text =
      "| GPU | compute capability | memory, GB | GB/s | fp32 | tf32 | bf16 | fp16 | fp8 | W | "
      "source |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const GpuSpec& gpu : gpu_table()) {
    text += fmt::format("| {} | {:.1f} | {:g} | {:g} | {} | {} | {} | {} | {} | {:g} | [↗]({}) |\n",
                        gpu.title, gpu.capability, gpu.memory_gb, gpu.bandwidth_gb_s,
                        cell(gpu.fp32), cell(gpu.tf32), cell(gpu.bf16), cell(gpu.fp16),
                        cell(gpu.fp8), gpu.power_w, gpu.source);
  }
  return text;
}

}  // namespace stoker::monitor
