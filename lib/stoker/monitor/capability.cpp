#include "stoker/monitor/capability.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace stoker::monitor {

namespace {

// CUDA C++ Programming Guide, "Compute Capabilities": tensor cores by architecture.
struct TensorType {
  std::string_view name;
  double from;
};
constexpr std::array<TensorType, 6> kTensorTypes{
    {{"fp16", 7.0}, {"int8", 7.2}, {"bf16", 8.0}, {"tf32", 8.0}, {"fp8", 8.9}, {"fp4", 10.0}}};

constexpr double kSlack = 1e-6;  // of capabilities such as 8.9

}  // namespace

std::vector<std::string> tensor_core_types(double capability) {
  std::vector<std::string> names;
  for (const TensorType& type : kTensorTypes)
    if (capability >= type.from - kSlack) names.emplace_back(type.name);
  return names;
}

bool has_cuda_graphs(double capability) { return capability >= 3.0; }

std::string_view fastest_precision(double capability) {
  if (capability >= 8 - kSlack) return "bf16";
  return capability >= 7 - kSlack ? "fp16" : "fp32";
}

Kernels kernels_of(std::string_view architectures) {
  Kernels kernels;
  while (!architectures.empty()) {
    const std::string_view word = architectures.substr(0, architectures.find(';'));
    architectures.remove_prefix(std::min(word.size() + 1, architectures.size()));
    int number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{}) continue;
    const double capability = number / 10.0;
    if (!word.ends_with("-virtual")) kernels.code.push_back(capability);
    // "90a" runs on that generation alone.
    const bool is_special = rest != word.data() + word.size() && *rest != '-';
    if (!word.ends_with("-real") && !is_special) kernels.ptx.push_back(capability);
  }
  return kernels;
}

KernelFit fit_of(const Kernels& kernels, double capability) {
  const auto runs = [&](double built) {
    return std::floor(built + kSlack) == std::floor(capability + kSlack) &&
           built <= capability + kSlack;
  };
  if (std::ranges::any_of(kernels.code, runs)) return KernelFit::kCode;
  const auto compiles = [&](double built) { return built <= capability + kSlack; };
  return std::ranges::any_of(kernels.ptx, compiles) ? KernelFit::kPtx : KernelFit::kNone;
}

}  // namespace stoker::monitor
