#include "stoker/launch/devices.h"

#include <charconv>
#include <optional>

#include "stoker/core/error.h"

namespace stoker::launch {

namespace {

constexpr int64_t kMostOnAHost = 1024, kMostFake = 1'000'000;

std::optional<int64_t> count_in(std::string_view text, int64_t most) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  return is_whole && count >= 1 && count <= most ? std::optional(count) : std::nullopt;
}

}  // namespace

Devices parse_devices(std::string_view text, int64_t gpus) {
  using Kind = Devices::Kind;
  if (text == "all" && gpus == 0) return {Kind::kCpu, 1};
  if (text == "all") return {Kind::kGpu, gpus};
  std::optional<int64_t> count;
  Kind kind = Kind::kGpu;
  if (text.starts_with("cpu:")) {
    kind = Kind::kCpu;
    count = count_in(text.substr(4), kMostOnAHost);
  } else if (text.starts_with("fake:")) {
    kind = Kind::kFake;
    count = count_in(text.substr(5), kMostFake);
  } else {
    count = count_in(text, kMostOnAHost);
  }
  if (!count) {
    throw ConfigError(fmt::format(
        "--devices: read \"{}\", expected a number of GPUs, all, cpu:N for N ranks on the CPU, or "
        "fake:N with --dry-run for the plan of N",
        text));
  }
  if (kind == Kind::kGpu && *count > gpus) {
    throw ConfigError(fmt::format(
        "--devices: {} GPUs are asked for, and this host has {}{}. Write cpu:{} for ranks on the "
        "CPU.",
        *count, gpus, gpus == 0 ? "" : " (see CUDA_VISIBLE_DEVICES)", *count));
  }
  return {kind, *count};
}

}  // namespace stoker::launch
