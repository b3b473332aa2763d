// The tensors that tests/golden/optim_goldens.py computes with, and its results.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "stoker/optim/optimizer.h"

namespace stoker::optim::test {

inline nlohmann::json golden(const std::string& name) {
  std::ifstream file("tests/golden/optim_" + name + ".json");
  return nlohmann::json::parse(file);
}

inline const std::vector<std::pair<std::string, std::vector<int64_t>>> kShapes = {
    {"conv.weight", {4, 3, 2, 5}}, {"norm.bias", {7}}, {"head.weight", {2, 3}}, {"scale", {}}};

// sin(0.7 * element + 1.3 * step + length of the name), rounded from float64.
inline at::Tensor value(const std::string& name, const std::vector<int64_t>& shape, int step) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  double* data = tensor.mutable_data_ptr<double>();
  for (int64_t i = 0; i < tensor.numel(); ++i)
    data[i] =
        std::sin(static_cast<double>(i) * 0.7 + step * 1.3 + static_cast<double>(name.size()));
  return tensor.to(at::kFloat);
}

inline NamedTensors parameters() {
  NamedTensors named;
  for (const auto& [name, shape] : kShapes)
    named.emplace_back(name, value(name, shape, 0).set_requires_grad(true));
  return named;
}

inline void set_gradients(const NamedTensors& named, int step) {
  for (const auto& [name, parameter] : named)
    parameter.mutable_grad() = value(name, parameter.sizes().vec(), step);
}

inline std::vector<double> numbers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().contiguous().view(-1).to(at::kDouble);
  const double* data = flat.const_data_ptr<double>();
  return {data, data + flat.numel()};
}

inline double worst_difference(const at::Tensor& tensor, const nlohmann::json& expected) {
  const std::vector<double> got = numbers(tensor);
  const auto want = expected.get<std::vector<double>>();
  if (got.size() != want.size()) return INFINITY;
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double difference = std::abs(got[i] - want[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

}  // namespace stoker::optim::test
