#include "models/golden.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "stoker/core/hash.h"
#include "stoker/models/flops.h"
#include "support/catch.h"

namespace stoker::test {
namespace {

constexpr int64_t kBatch = 2;
constexpr int64_t kClasses = 5;

using Named = std::map<std::string, at::Tensor>;

Named state_of(models::Model& model) {
  Named state;
  for (const auto& item : model.named_parameters()) state[item.key()] = item.value();
  for (const auto& item : model.named_buffers()) state[item.key()] = item.value();
  return state;
}

std::vector<double> numbers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

// Float64 rounds at 1e-16; 150 layers and sums of up to 1e6 terms amplify it. What is compared has
// 12 digits. Anything wrong in the mathematics is far above 1e-7.
void check_close(const char* what, const std::vector<double>& ours, const nlohmann::json& golden) {
  const auto expected = golden.get<std::vector<double>>();
  REQUIRE(ours.size() == expected.size());
  double scale = 0;
  for (const double value : expected) scale = std::max(scale, std::abs(value));
  for (size_t i = 0; i < ours.size(); ++i) {
    INFO(what << "[" << i << "]: " << ours[i] << " for " << expected[i]);
    REQUIRE(std::abs(ours[i] - expected[i]) <=
            1e-7 * std::max(std::abs(expected[i]), 1e-2 * scale));
  }
}

// What a row holds of one number a parameter: all of them, or, as models_zoo.py folds them, each
// times a weight of its own in a few sums.
void check_all(const char* what, std::vector<double> ours, const nlohmann::json& row) {
  if (const size_t folds = row.value("folds", size_t{0}); folds > 0) {
    std::vector<double> sums(folds);
    for (size_t i = 0; i < ours.size(); ++i)
      sums[i % folds] += ours[i] * (1 + static_cast<double>(i) / 1000);
    ours = sums;
  }
  check_close(what, ours, row.at(what));
}

std::string signature(models::Model& model) {
  std::vector<std::string> lines;
  for (const auto& [name, tensor] : state_of(model)) {
    std::string line = name + " ";
    for (int64_t i = 0; i < tensor.dim(); ++i)
      line += (i > 0 ? "x" : "") + std::to_string(tensor.size(i));
    lines.push_back(line + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  INFO(text);
  return sha256_hex(as_bytes(text));
}

double project(const at::Tensor& tensor, const std::string& name) {
  return (tensor.detach() * formula(name, tensor.sizes())).sum().item<double>();
}

}  // namespace

nlohmann::json golden_rows(const std::string& family) { return golden_file("models_" + family); }

nlohmann::json golden_file(const std::string& name) {
  std::ifstream file("tests/golden/" + name + ".json");
  REQUIRE(file.good());
  return nlohmann::json::parse(file);
}

at::Tensor formula(const std::string& name, at::IntArrayRef shape) {
  uint64_t seed = 0xCBF29CE484222325;
  for (const char c : name) seed = (seed ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  at::Tensor tensor = at::empty(shape, at::kDouble);
  double* out = tensor.mutable_data_ptr<double>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    uint64_t z = seed + (static_cast<uint64_t>(i) + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    out[i] = static_cast<double>(z >> 40) * 0x1p-23 - 1.0;
  }
  return tensor;
}

void fill_by_formula(models::Model& model) {
  const c10::NoGradGuard no_grad;
  const auto ends_with = [](const std::string& name, std::string_view end) {
    return name.size() >= end.size() &&
           name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  for (auto& [name, tensor] : state_of(model)) {
    const at::Tensor u = formula(name, tensor.sizes());
    if (ends_with(name, "num_batches_tracked"))
      tensor.zero_();
    else if (ends_with(name, "running_var"))
      tensor.copy_(1 + 0.5 * u);
    else if (ends_with(name, "gain"))  // of a filter, which is no filter itself
      tensor.copy_(0.5 + 0.1 * u);
    else if (tensor.dim() > 1)
      tensor.copy_(std::sqrt(6.0 / static_cast<double>(tensor[0].numel())) * u);
    else if (ends_with(name, "weight"))
      tensor.copy_(0.5 + 0.1 * u);
    else
      tensor.copy_(0.1 * u);
  }
}

models::ModelContext context_of(const nlohmann::json& row) {
  return {.classes = kClasses,
          .channels = row.value("channels", int64_t{3}),
          .height = row.at("height"),
          .width = row.at("width")};
}

void check_names(models::Model& model, const nlohmann::json& row) {
  CHECK(signature(model) == row.at("signature").get<std::string>());
  CHECK(models::parameter_count(model) == row.at("parameters").get<int64_t>());
}

void check_against_golden(models::Model& model, const nlohmann::json& row) {
  check_names(model, row);
  if (!row.contains("eval_logits")) return;
  model.to(at::kDouble);
  fill_by_formula(model);
  const models::ModelContext context = context_of(row);
  const at::Tensor images =
      formula("images", {kBatch, context.channels, context.height, context.width});

  model.eval();
  {
    const c10::NoGradGuard no_grad;
    check_close("eval logits", numbers(model.forward(images)), row.at("eval_logits"));
  }
  model.train();
  const at::Tensor logits = model.forward(images);
  check_close("train logits", numbers(logits), row.at("train_logits"));
  (logits * formula("loss", {kBatch, kClasses})).sum().backward();

  std::vector<double> norms, projections, statistics;
  double squares = 0;
  for (const auto& [name, tensor] : state_of(model)) {
    if (tensor.requires_grad()) {
      norms.push_back(tensor.grad().norm().item<double>());
      projections.push_back(project(tensor.grad(), name + ".gradient"));
      squares += norms.back() * norms.back();
    } else if (name.find("running") != std::string::npos) {
      statistics.push_back(project(tensor, name + ".statistics"));
    }
  }
  if (row.contains("gradient_norm")) {
    check_close("norm of the gradient", {std::sqrt(squares)},
                nlohmann::json::array({row.at("gradient_norm")}));
    return;
  }
  check_all("gradient_norms", norms, row);
  check_all("gradient_projections", projections, row);
  check_all("statistics_projections", statistics, row);
}

}  // namespace stoker::test
