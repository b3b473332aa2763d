// Weights under the names of other tools give the logits that they gave there.
#include "stoker/run/fitted_weights.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "models/golden.h"
#include "stoker/models/convnext.h"
#include "stoker/models/resnet.h"
#include "stoker/models/swin.h"
#include "stoker/models/vit.h"
#include "stoker/weights/dialects.h"
#include "stoker/weights/state_dict.h"
#include "support/catch.h"

namespace stoker::run {
namespace {

using models::ModelContext;

std::shared_ptr<models::Model> build(const std::string& family, const ModelContext& context) {
  if (family == "vit") return models::build_vit({.depth = 3}, context);
  if (family == "convnext")
    return models::build_convnext({.depths = {1, 1, 2, 1}, .widths = {8, 16, 24, 40}}, context);
  return models::build_swin({.width = 16, .heads = 1, .depths = {2, 2, 2, 2}, .drop_path = 0},
                            context);
}

bool ends_with(const std::string& name, std::string_view end) { return name.ends_with(end); }

// As fill() of tests/golden/models_golden.py.
weights::NamedTensors filled(const nlohmann::json& tensors) {
  weights::NamedTensors named;
  for (const auto& entry : tensors) {
    const std::string name = entry.at(0);
    const auto shape = entry.at(1).get<std::vector<int64_t>>();
    at::Tensor u = test::formula(name, shape);
    if (shape.size() > 1)
      u = u * std::sqrt(6.0 / static_cast<double>(u[0].numel()));
    else
      u = ends_with(name, "weight") ? 0.5 + 0.1 * u : 0.1 * u;
    named.emplace_back(name, u);
  }
  return named;
}

TEST_CASE("weights under other tools' names give their logits", "[run]") {
  for (const auto& row : test::golden_file("weights_dialects")) {
    if (!row.contains("dialect")) continue;
    INFO(row.at("dialect"));
    const ModelContext context = test::context_of(row);
    const auto model = build(row.at("family"), context);
    model->to(at::kDouble);
    FittedWeights fitted = fit_weights(*model, filled(row.at("tensors")));
    CHECK(fitted.dialect == row.at("dialect").get<std::string>());
    std::sort(fitted.left_out.begin(), fitted.left_out.end());
    auto left_out = row.at("left_out").get<std::vector<std::string>>();
    std::sort(left_out.begin(), left_out.end());
    CHECK(fitted.left_out == left_out);
    const weights::LoadReport report = weights::load_state_dict(*model, fitted.tensors);
    INFO(report.message());
    REQUIRE(report.ok());
    CHECK(fitted.changes.empty());
    model->eval();
    const c10::NoGradGuard no_grad;
    const at::Tensor logits =
        model->forward(test::formula("images", {2, 3, context.height, context.width})).flatten();
    const auto expected = row.at("logits").get<std::vector<double>>();
    double scale = 0;
    for (const double value : expected) scale = std::max(scale, std::abs(value));
    // Sums in another order, in float64.
    for (size_t i = 0; i < expected.size(); ++i)
      CHECK(std::abs(logits[static_cast<int64_t>(i)].item<double>() - expected[i]) < 1e-8 * scale);
  }
}

weights::NamedTensors state_of(models::Model& model, const std::string& prefix = "") {
  weights::NamedTensors tensors;
  for (const auto& [name, tensor] : weights::state_dict(model))
    tensors.emplace_back(prefix + name, tensor.detach().clone());
  return tensors;
}

// The names, shapes and values that torchvision's network had.
void check_respelling(const nlohmann::json& row, models::Model& model) {
  const weights::Respelling made =
      weights::spelled_as(weights::state_dict(model), row.at("dialect").get<std::string>());
  CHECK(made.unknown.empty());
  std::map<std::string, at::Tensor> theirs;
  for (const auto& [name, tensor] : filled(row.at("tensors"))) theirs[name] = tensor;
  CHECK(made.tensors.size() == theirs.size());
  for (const auto& [name, tensor] : made.tensors) {
    INFO(name);
    REQUIRE(theirs.contains(name));
    REQUIRE(tensor.sizes() == theirs[name].sizes());
    if (tensor.is_floating_point()) CHECK(tensor.equal(theirs[name]));
  }
}

TEST_CASE("a model goes back under torchvision's names", "[run]") {
  int dialects = 0;
  for (const auto& row : test::golden_file("weights_dialects")) {
    if (!row.contains("dialect") ||
        !row.at("dialect").get<std::string>().starts_with("torchvision"))
      continue;
    INFO(row.at("dialect"));
    const auto model = build(row.at("family"), test::context_of(row));
    model->to(at::kDouble);
    const FittedWeights fitted = fit_weights(*model, filled(row.at("tensors")));
    REQUIRE(weights::load_state_dict(*model, fitted.tensors).ok());
    check_respelling(row, *model);
    ++dialects;
  }
  CHECK(dialects == 3);
}

TEST_CASE("biases by distance are fitted to windows of another size", "[run]") {
  const models::SwinOptions small{.width = 16, .heads = 1, .depths = {1, 1, 1, 1}, .drop_path = 0};
  const auto file = models::build_swin(small, {.classes = 3, .height = 224, .width = 224});
  const auto model = models::build_swin(small, {.classes = 3, .height = 128, .width = 224});
  const FittedWeights fitted = fit_weights(*model, state_of(*file));
  CHECK(fitted.changes ==
        std::vector<std::string>{
            "layers.3.blocks.0.attn.relative_position_bias_table from [169, 8] to [91, 8]"});
  CHECK(weights::load_state_dict(*model, fitted.tensors).ok());
}

TEST_CASE("names of convolutional networks are those of timm, with their shapes", "[run]") {
  int dialects = 0;
  for (const auto& row : test::golden_file("weights_dialects")) {
    if (!row.contains("names")) continue;
    weights::NamedTensors theirs;
    for (const auto& [name, shape] : row.at("theirs").items())
      theirs.emplace_back(name, at::zeros(shape.get<std::vector<int64_t>>(), at::kByte));
    std::set<std::string> ours;
    for (const auto& [name, shape] : row.at("ours").items()) ours.insert(name);
    const weights::Translation translation = weights::translate(theirs, ours);
    CHECK(translation.dialect == row.at("names").get<std::string>());
    CHECK(translation.tensors.size() == ours.size());
    for (const auto& [name, tensor] : translation.tensors) {
      INFO(name);
      REQUIRE(ours.contains(name));
      CHECK(tensor.sizes() == row.at("ours").at(name).get<std::vector<int64_t>>());
    }
    ++dialects;
  }
  CHECK(dialects == 3);
}

TEST_CASE("a model's own names and shapes are left alone", "[run]") {
  const auto model = build("vit", {.classes = 3, .height = 32, .width = 48});
  const weights::NamedTensors own = state_of(*model);
  const FittedWeights fitted = fit_weights(*model, own);
  CHECK(fitted.dialect.empty());
  CHECK(fitted.prefix.empty());
  CHECK(fitted.left_out.empty());
  CHECK(fitted.changes.empty());
  REQUIRE(fitted.tensors.size() == own.size());
  for (size_t i = 0; i < own.size(); ++i) {
    CHECK(fitted.tensors[i].first == own[i].first);
    CHECK(fitted.tensors[i].second.is_same(own[i].second));
  }
}

TEST_CASE("weights for other images are fitted, behind a prefix too", "[run]") {
  const auto file = build("vit", {.classes = 3, .height = 48, .width = 48});
  const auto model = build("vit", {.classes = 3, .channels = 1, .height = 32, .width = 64});
  const FittedWeights fitted = fit_weights(*model, state_of(*file, "student.module."));
  CHECK(fitted.prefix == "student.module.");
  CHECK(fitted.changes ==
        std::vector<std::string>{"pos_embed from [1, 10, 192] to [1, 9, 192]",
                                 "patch_embed.proj.weight from [192, 3, 16, 16] to "
                                 "[192, 1, 16, 16]"});
  const weights::LoadReport report = weights::load_state_dict(*model, fitted.tensors);
  INFO(report.message());
  CHECK(report.ok());
  // The class token keeps its row.
  const auto row = [](models::Model& of) {
    return of.named_parameters()["pos_embed"].detach().select(1, 0);
  };
  CHECK(row(*model).equal(row(*file)));
}

TEST_CASE("a residual network takes weights for other channels", "[run]") {
  const auto build_one = [](int64_t channels) {
    return models::build_resnet({.depth = 18},
                                {.classes = 2, .channels = channels, .height = 40, .width = 48});
  };
  const auto file = build_one(3), model = build_one(4);
  CHECK(fit_weights(*model, state_of(*file)).changes.size() == 1);
  CHECK(weights::load_state_dict(*model, fit_weights(*model, state_of(*file)).tensors).ok());
  // From 4 channels there is no rule.
  CHECK_FALSE(
      weights::load_state_dict(*build_one(2), fit_weights(*build_one(2), state_of(*model)).tensors)
          .ok());
}

TEST_CASE("averaged patches take the norm of a class token", "[run]") {
  const ModelContext context{.classes = 3, .height = 32, .width = 32};
  const auto file = build("vit", context);
  const auto model = models::build_vit({.depth = 3, .pool = models::TokenPool::kAvg}, context);
  CHECK(weights::load_state_dict(*model, fit_weights(*model, state_of(*file)).tensors).ok());
}

TEST_CASE("1x1 convolutions are linear layers", "[run]") {
  const ModelContext context{.classes = 3, .height = 32, .width = 32};
  const models::ConvnextOptions small{.depths = {1, 1, 2, 1}, .widths = {8, 16, 24, 40}};
  models::ConvnextOptions convolutions = small;
  convolutions.conv_mlp = true;
  const auto file = models::build_convnext(convolutions, context);
  const auto model = models::build_convnext(small, context);
  const FittedWeights fitted = fit_weights(*model, state_of(*file));
  CHECK(fitted.changes.empty());
  CHECK(weights::load_state_dict(*model, fitted.tensors).ok());
}

}  // namespace
}  // namespace stoker::run
