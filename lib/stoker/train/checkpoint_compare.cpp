#include "stoker/train/checkpoint_compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/ops/ne.h>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "stoker/core/json_text.h"
#include "stoker/runs/layout.h"
#include "stoker/train/position.h"

namespace stoker::train {

namespace {

using nlohmann::json;

std::string kind_of(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", c10::toString(tensor.scalar_type()),
                     fmt::join(tensor.sizes().begin(), tensor.sizes().end(), ", "));
}

// "" if the bits are the same.
std::string difference(const at::Tensor& expected, const at::Tensor& actual) {
  if (expected.sizes() != actual.sizes() || expected.scalar_type() != actual.scalar_type()) {
    return fmt::format("is {}, expected {}", kind_of(actual), kind_of(expected));
  }
  const at::Tensor a = expected.detach().cpu().contiguous();
  const at::Tensor b = actual.detach().cpu().contiguous();
  if (std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0) return "";
  const double largest = (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
  return fmt::format("{} of {} values differ, by up to {:.3g}", a.ne(b).sum().item<int64_t>(),
                     a.numel(), largest);
}

void compare_tensors(const char* file, const weights::NamedTensors& expected,
                     const weights::NamedTensors& actual, std::vector<std::string>& lines) {
  std::map<std::string, at::Tensor> left(actual.begin(), actual.end());
  for (const auto& [name, tensor] : expected) {
    const auto found = left.extract(name);
    const std::string what = found.empty() ? "is missing" : difference(tensor, found.mapped());
    if (!what.empty()) lines.push_back(fmt::format("{} {}: {}", file, name, what));
  }
  for (const auto& [name, tensor] : left) {
    lines.push_back(fmt::format("{} {}: is there, expected none", file, name));
  }
}

void compare_values(const std::string& path, const json& expected, const json& actual,
                    std::vector<std::string>& lines) {
  if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      compare_values(fmt::format("{}.{}", path, key), value, actual.value(key, json()), lines);
    }
  } else if (expected != actual) {
    lines.push_back(
        fmt::format("{}: {}, expected {}", path, json_text(actual), json_text(expected)));
  }
}

template <class T>
void drop_clocks(json& numbers, std::span<const NumberField<T>> fields) {
  for (const auto& field : fields) {
    if (field.is_clock && numbers.is_object()) numbers.erase(std::string(field.name));
  }
}

void drop_clocks(json& state) {
  drop_clocks(state, position_fields());
  if (state.contains("window")) drop_clocks(state["window"], window_fields());
  if (state.contains("energy")) drop_clocks(state["energy"], energy_fields());
}

}  // namespace

std::vector<std::string> differences(const CheckpointContent& expected,
                                     const CheckpointContent& actual) {
  std::vector<std::string> lines;
  compare_tensors(runs::kModelFile, expected.model, actual.model, lines);
  compare_tensors(runs::kOptimizerFile, expected.optimizer, actual.optimizer, lines);
  json wanted = parse_json(expected.state_json), found = parse_json(actual.state_json);
  drop_clocks(wanted);
  drop_clocks(found);
  if (wanted.value("metrics_step", json()) != found.value("metrics_step", json())) {
    // What an evaluation gave and what it counted.
    for (json* state : {&wanted, &found}) {
      for (const char* key :
           {"metrics", "metrics_step", "best_monitored", "evaluations_since_best"}) {
        state->erase(key);
      }
    }
  }
  compare_values(runs::kStateFile, wanted, found, lines);
  return lines;
}

}  // namespace stoker::train
