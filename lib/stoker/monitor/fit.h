// Whether devices can train something, how fast, and what it takes: estimates (roofline.h).
//
//   Training training{.model = "resnet50", .work = …};
//   std::vector<Fit> gpus = fit_gpus(training);      // the slowest first
//   Fit here = fit_device(training, "cpu", rates, Arithmetic::kFp32, kReachedByCpu);
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/monitor/gpu_table.h"
#include "stoker/monitor/roofline.h"

namespace stoker::monitor {

std::string_view arithmetic_name(Arithmetic arithmetic);  // "bf16"

struct Training {
  std::string model, input;  // "resnet50", "3x224x224"
  int64_t parameters = 0;
  int64_t steps = 0;
  // That the configuration names; nothing for auto, which is each device's own.
  std::optional<Arithmetic> arithmetic;
  Work work;  // with values of four bytes between layers
};

// The same with values as this arithmetic has them.
Work work_in(const Training& training, Arithmetic arithmetic);

struct Fit {
  std::string device;
  Arithmetic arithmetic = Arithmetic::kFp32;
  std::string why_not;  // "" where it can train
  Rates rates;
  Estimate estimate;
  int64_t memory_bytes = 0;                  // of tensors, with that micro-batch
  std::array<double, 2> images_per_s = {};   // from … to, as networks reach the bound
  std::array<double, 2> run_s = {};          // from … to, of the training alone
  std::optional<std::array<double, 2>> kwh;  // at the board's limit

  bool can_train() const { return why_not.empty(); }
};

Fit fit_device(const Training& training, std::string_view device, const Rates& rates,
               Arithmetic arithmetic, const std::array<double, 2>& reached);

// On each GPU of the table, the slowest first; those that cannot, at the end.
std::vector<Fit> fit_gpus(const Training& training);

}  // namespace stoker::monitor
