// Every loss of the table, against PyTorch's float64 and against what holds for all of them.
#include <ATen/ops/one_hot.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "stoker/config/config.h"
#include "stoker/losses/loss.h"
#include "support/catch.h"

using namespace stoker;
using nlohmann::json;

namespace {

struct Config {
  config::Choice loss = losses::losses().pick("cross_entropy");
};
void describe(Config& c, config::Fields& fields) {
  fields("loss", c.loss, losses::losses(), "what is tested");
}

std::shared_ptr<const losses::Loss> build(const std::string& name, const json& options = {},
                                          const losses::LossContext& context = {}) {
  std::vector<std::string> overrides{"loss=" + name};
  for (const auto& [key, value] : options.items())
    overrides.push_back("loss." + key + "=" + value.dump());
  const auto config = config::load_overrides<Config>(overrides);
  return losses::losses().build(config.options.loss, context);
}

at::Tensor floats(const json& values, int64_t columns = 0) {
  const at::Tensor flat = at::tensor(values.get<std::vector<double>>()).to(at::kFloat);
  return columns > 0 ? flat.view({-1, columns}) : flat;
}

// Sums of seven float32 terms of order one, of which some are differences.
void check_close(const at::Tensor& actual, const json& expected) {
  const at::Tensor wanted = at::tensor(expected.get<std::vector<double>>());
  const at::Tensor difference = (actual.to(at::kDouble).flatten() - wanted).abs();
  const at::Tensor allowed = 2e-6 + 3e-6 * wanted.abs();
  CHECK((difference - allowed).max().item<double>() <= 0);
}

std::vector<std::string> all_losses() {
  std::vector<std::string> names;
  for (const auto& row : losses::losses().rows()) names.emplace_back(row.name);
  return names;
}

}  // namespace

TEST_CASE("losses and their gradients are those of PyTorch in float64") {
  const json golden = json::parse(std::ifstream("tests/golden/losses.json"));
  const at::Tensor labels = at::tensor(golden["labels"].get<std::vector<int64_t>>());
  const std::map<std::string, at::Tensor> targets{{"labels", labels},
                                                  {"shares", floats(golden["shares"], 7)},
                                                  {"sets", floats(golden["sets"], 7)}};
  const at::Tensor weights = floats(golden["weights"]), positives = floats(golden["positives"]);
  std::set<std::string> seen;
  for (const json& one : golden["cases"]) {
    INFO(one["loss"] << " " << one["options"] << " smoothing " << one["smoothing"] << " of "
                     << one["targets"] << " weighted " << one["weighted"] << one["positives"]);
    seen.insert(one["loss"]);
    const auto loss =
        build(one["loss"], one["options"],
              {.class_weights = one["weighted"].get<bool>() ? weights : at::Tensor(),
               .positive_weights = one["positives"].get<bool>() ? positives : at::Tensor()});
    const at::Tensor logits = floats(golden["logits"], 7).set_requires_grad(true);
    const at::Tensor values =
        loss->per_sample(logits, targets.at(one["targets"]), one["smoothing"].get<double>());
    REQUIRE(values.sizes() == at::IntArrayRef{5});
    check_close(values.detach(), one["values"]);
    values.sum().backward();
    check_close(logits.grad(), one["gradient"]);
  }
  CHECK(seen.size() == all_losses().size());
}

TEST_CASE("the loss of shared targets is the loss of each label by its share") {
  const at::Tensor logits = at::randn({2, 5});
  const at::Tensor targets =
      at::tensor({0.0f, 0.3f, 0.0f, 0.7f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f}).view({2, 5});
  for (const std::string& name : all_losses()) {
    const auto loss = build(name);
    for (const double smoothing : {0.0, 0.2}) {
      const auto of_label = [&](int64_t i, int64_t label) {
        const at::Tensor one = at::tensor(std::vector<int64_t>{label});
        return loss->per_sample(logits.narrow(0, i, 1), one, smoothing).item<double>();
      };
      const at::Tensor both = loss->per_sample(logits, targets, smoothing);
      REQUIRE(both.sizes() == at::IntArrayRef{2});
      INFO(name << " smoothing " << smoothing);
      // Linear in the targets; float32 sums of five terms of order one.
      const double shared = 0.3 * of_label(0, 1) + 0.7 * of_label(0, 3);
      CHECK(both[0].item<double>() == Approx(shared).epsilon(1e-5));
      CHECK(both[1].item<double>() == Approx(of_label(1, 0)).epsilon(1e-5));
    }
  }
}

TEST_CASE("losses and gradients are finite for logits of any size, and float32 for narrow ones") {
  for (const std::string& name : all_losses()) {
    for (const json& options : {json::object(), json{{"gamma", 0.3}}, json{{"margin", 0.0}}}) {
      const bool fits =
          options.empty() || name == (options.contains("gamma") ? "focal" : "asymmetric");
      if (!fits) continue;
      const auto loss = build(name, options);
      const at::Tensor logits = at::tensor({3e4, -3e4, 0.0, -3e4, 3e4, 0.0})
                                    .view({2, 3})
                                    .to(at::kBFloat16)
                                    .set_requires_grad(true);
      const at::Tensor values =
          loss->per_sample(logits, at::tensor(std::vector<int64_t>{0, 0}), 0.1);
      CHECK(values.scalar_type() == at::kFloat);
      values.sum().backward();
      INFO(name << " " << options);
      CHECK(values.isfinite().all().item<bool>());
      CHECK(logits.grad().isfinite().all().item<bool>());
    }
  }
}

TEST_CASE("views of an image are averaged as probabilities of the loss's kind") {
  const at::Tensor views = at::randn({2, 3, 4});
  for (const std::string& name : all_losses()) {
    INFO(name);
    const bool is_softmax = name != "bce" && name != "asymmetric" && name != "sigmoid_focal";
    CHECK(build(name)->takes_several_labels() == !is_softmax);
    const auto probabilities = [&](const at::Tensor& logits) {
      return is_softmax ? logits.softmax(-1) : logits.sigmoid();
    };
    CHECK(build(name)->probabilities(views).equal(probabilities(views)));
    const at::Tensor mean = build(name)->mean_of_views(views, 1);
    CHECK(probabilities(mean).allclose(probabilities(views).mean(1), 1e-5, 1e-6));
  }
}
