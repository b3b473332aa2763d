#include "stoker/run/precision.h"

#include <fmt/format.h>

#include "stoker/machine/arithmetic.h"

namespace stoker::run {

using train::Precision;

namespace {

Precision fastest(const machine::Arithmetic& fast) {
  if (fast.bf16) return Precision::kBf16;
  return fast.fp16 ? Precision::kFp16 : Precision::kFp32;
}

}  // namespace

std::string resolve_precision(RunConfig& config, c10::Device device) {
  if (config.train.precision != Precision::kAuto) return "";
  const machine::Arithmetic fast = machine::fast_arithmetic(device);
  config.train.precision = fastest(fast);
  return fast.reason;
}

std::string slow_precision(Precision precision, c10::Device device) {
  const machine::Arithmetic fast = machine::fast_arithmetic(device);
  const bool is_slow = (precision == Precision::kBf16 && !fast.bf16) ||
                       (precision == Precision::kFp16 && !fast.fp16);
  if (!is_slow) return "";
  return fmt::format("train.precision: {} is slow here: {}. auto takes what is fastest.",
                     train::to_string(precision), fast.reason);
}

std::string faster_precision(Precision precision, c10::Device device) {
  const Precision best = fastest(machine::fast_arithmetic(device));
  const bool is_wide = precision == Precision::kFp32 || precision == Precision::kTf32;
  return is_wide && best != Precision::kFp32 ? std::string(train::to_string(best)) : "";
}

}  // namespace stoker::run
