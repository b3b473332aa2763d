// The convolutional families against timm's, torchvision's and the literature's, by the rows of
// tests/golden/models_zoo.json. What takes minutes runs when it is asked for:
//
//   build/tests/test_models "[zoo]"
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>

#include <any>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "models/golden.h"
#include "stoker/core/error.h"
#include "stoker/models/convolutions.h"
#include "stoker/models/flops.h"
#include "stoker/models/fold.h"
#include "stoker/models/network.h"
#include "stoker/zoo/catalog.h"
#include "stoker/zoo/torchvision.h"
#include "support/catch.h"

namespace stoker::models {
namespace {

// With what a row drops by default set to none, as the goldens have it.
config::Choice undropped(const std::string& name) {
  config::Choice choice = models().pick(name);
  try {
    choice.as<NetworkOptions>().dropout = 0;
  } catch (const std::bad_any_cast&) {  // of other options, which drop nothing
  }
  return choice;
}

std::shared_ptr<Model> blank(const std::string& name, const ModelContext& context) {
  const BlankWeights shapes_alone;
  return models().build(undropped(name), context);
}

at::Tensor parameter(const Model& model, const std::string& name) {
  return model.named_parameters()[name].detach();
}

const std::map<std::string, nlohmann::json>& rows() {
  static const auto all = [] {
    std::map<std::string, nlohmann::json> by_name;
    for (const auto& row : test::golden_rows("zoo")) by_name[row.at("name")] = row;
    return by_name;
  }();
  return all;
}

TEST_CASE("every network has the parameters of its original", "[models]") {
  CHECK(rows().size() > 90);
  for (const auto& [name, row] : rows()) {
    INFO(name);
    test::check_names(*blank(name, test::context_of(row)), row);
  }
}

void check(const std::string& name) {
  INFO(name);
  const nlohmann::json& row = rows().at(name);
  const auto model = blank(name, test::context_of(row));
  if (row.contains("eval_logits"))
    test::check_against_golden(*model, row);
  else  // a large one
    test::check_names(*model, row);
}

TEST_CASE("a network of each family computes what its original does", "[models]") {
  for (const char* name : {"resnet18d",
                           "seresnet18",
                           "mobilenetv2_050",
                           "mobilenetv3_small_050",
                           "mobilenetv4_conv_small",
                           "efficientnetv2_rw_t",
                           "tf_efficientnetv2_b0",
                           "mnasnet_050",
                           "semnasnet_075",
                           "regnetx_002",
                           "regnety_002",
                           "ghostnet_050",
                           "repvgg_a0",
                           "shufflenet_v2_x0_5",
                           "squeezenet1_1",
                           "densenet121",
                           "resnet20",
                           "wrn_16_4",
                           "pyramidnet110_a48",
                           "resnet9",
                           "inception_v3",
                           "dla46_c",
                           "nf_regnet_b1",
                           "mobilenetv4_hybrid_medium",
                           "maxvit_nano_rw_256",
                           "vgg16_bn_cifar"})
    check(name);
}

TEST_CASE("every network computes what its original does", "[.][zoo]") {
  for (const auto& [name, row] : rows()) {
    DYNAMIC_SECTION(name) { check(name); }  // test_models "[zoo]" -c resnet18d has one alone
  }
}

ModelContext context_of(const zoo::CatalogEntry& entry) {
  return {.classes = entry.classes, .height = entry.size, .width = entry.size};
}

TEST_CASE("the catalog knows every model, and what it costs", "[models]") {
  std::set<std::string_view> known;
  for (const zoo::CatalogEntry& entry : zoo::catalog()) {
    INFO(entry.name);
    known.insert(entry.name);
    CHECK(parameter_count(*blank(std::string(entry.name), context_of(entry))) == entry.parameters);
  }
  for (const config::Alternative& row : models().rows()) {
    INFO(row.name);
    CHECK(known.contains(row.name) == (row.name != "torchscript"));
  }
}

void check_cost(const zoo::CatalogEntry& entry) {
  INFO(entry.name);
  const auto model = models().build(models().pick(entry.name), context_of(entry));
  CHECK(forward_flops(*model, context_of(entry)) == 2 * entry.multiply_adds);
}

TEST_CASE("multiply-adds of the catalog are those of a forward pass", "[models]") {
  for (const char* name : {"airbench", "resnet20", "mobilenetv3_small_050", "regnety_002"})
    check_cost(*zoo::find_models(name).front());
}

TEST_CASE("multiply-adds of all the catalog are those of a forward pass", "[.][zoo]") {
  for (const zoo::CatalogEntry& entry : zoo::catalog()) check_cost(entry);
}

// Trains one step and evaluates on images of some size and number of channels, or is refused for
// their size.
void check_shape(const std::string& name, const ModelContext& context) {
  INFO(name << " " << context.channels << "x" << context.height << "x" << context.width);
  std::shared_ptr<Model> model;
  try {
    model = models().build(undropped(name), context);
  } catch (const ConfigError& error) {
    CHECK_THAT(error.what(), Catch::Contains("needs images"));
    return;
  }
  const at::Tensor images = at::randn({2, context.channels, context.height, context.width})
                                .contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor logits = model->forward(images);
  REQUIRE(logits.sizes() == at::IntArrayRef({2, context.classes}));
  logits.square().sum().backward();
  for (const auto& item : model->named_parameters()) {
    INFO(item.key());
    if (item.value().requires_grad()) CHECK(item.value().grad().defined());
  }
  model->eval();
  const c10::NoGradGuard no_grad;
  CHECK(model->forward(images).isfinite().all().item<bool>());
}

TEST_CASE("networks take one class, other channels and odd sizes", "[models]") {
  for (const char* name : {"mobilenetv3_small_050", "regnety_002"}) {
    check_shape(name, {.classes = 1, .channels = 1, .height = 37, .width = 51});
    check_shape(name, {.classes = 3, .channels = 4, .height = 33, .width = 32});
  }
  check_shape("alexnet", {.classes = 2, .height = 62, .width = 90});
}

TEST_CASE("all networks take one class, other channels and odd sizes", "[.][zoo]") {
  for (const auto& [name, row] : rows()) {
    check_shape(name, {.classes = 1, .channels = 1, .height = 37, .width = 51});
    check_shape(name, {.classes = 3, .channels = 4, .height = 97, .width = 65});
    check_shape(name, {.classes = 2, .channels = 3, .height = 16, .width = 24});
  }
}

TEST_CASE("mobile networks start from timm's distributions", "[models]") {
  at::manual_seed(1);
  const ModelContext context{.classes = 1000, .height = 224, .width = 224};
  const auto model = models().build(models().pick("mobilenetv3_large_100"), context);
  // Fan out of one group: 25 for a depthwise 5x5; 960 * 25 draws.
  CHECK(parameter(*model, "blocks.5.2.conv_dw.weight").std().item<double>() ==
        Approx(std::sqrt(2.0 / 25)).epsilon(0.02));
  CHECK(parameter(*model, "blocks.5.2.conv_pw.weight").std().item<double>() ==
        Approx(std::sqrt(2.0 / 960)).epsilon(0.02));
  CHECK(parameter(*model, "conv_head.bias").eq(0).all().item<bool>());
  CHECK(parameter(*model, "classifier.weight").abs().max().item<double>() ==
        Approx(1 / std::sqrt(1000.0)).epsilon(0.01));
}

TEST_CASE("other families start from their distributions", "[models]") {
  at::manual_seed(1);
  const ModelContext context{.classes = 100, .height = 64, .width = 64};
  const auto regnet = models().build(models().pick("regnety_002"), context);
  CHECK(parameter(*regnet, "s4.b1.conv2.conv.weight").std().item<double>() ==
        Approx(std::sqrt(2.0 / (8 * 9))).epsilon(0.03));
  CHECK(parameter(*regnet, "s4.b1.conv3.bn.weight").eq(0).all().item<bool>());
  CHECK(parameter(*regnet, "head.fc.weight").std().item<double>() == Approx(0.01).epsilon(0.02));
  const auto shuffle = models().build(models().pick("shufflenet_v2_x0_5"), context);
  CHECK(parameter(*shuffle, "conv5.0.weight").abs().max().item<double>() ==
        Approx(1 / std::sqrt(192.0)).epsilon(0.01));
  const auto squeeze = models().build(models().pick("squeezenet1_1"), context);
  CHECK(parameter(*squeeze, "classifier.1.weight").std().item<double>() ==
        Approx(0.01).epsilon(0.02));
  CHECK(parameter(*squeeze, "features.12.squeeze.weight").abs().max().item<double>() ==
        Approx(std::sqrt(6.0 / 512)).epsilon(0.01));
  const auto dense = models().build(models().pick("densenet121"), context);
  CHECK(parameter(*dense, "features.denseblock4.denselayer16.conv2.weight").std().item<double>() ==
        Approx(std::sqrt(2.0 / (128 * 9))).epsilon(0.02));
}

TEST_CASE("residual branches are dropped in training only", "[models]") {
  const ModelContext context{.classes = 4, .height = 16, .width = 12};
  const at::Tensor images = at::randn({3, 3, 16, 12});
  for (const char* name : {"resnet20", "pyramidnet110_a48"}) {
    config::Choice choice = models().pick(name);
    choice.as<NetworkOptions>().drop_path = 0.5;
    const auto model = models().build(choice, context);
    const c10::NoGradGuard no_grad;
    model->train();
    CHECK_FALSE(model->forward(images).equal(model->forward(images)));
    model->eval();
    CHECK(model->forward(images).equal(model->forward(images)));
  }
}

TEST_CASE("a network that never leaves a branch out refuses drop_path", "[models]") {
  const ModelContext context{.classes = 2, .height = 80, .width = 80};
  for (const char* name : {"dla46_c", "inception_v3", "alexnet", "squeezenet1_1", "densenet121",
                           "shufflenet_v2_x0_5", "vgg11", "vgg16_bn_cifar", "resnet9"}) {
    INFO(name);
    config::Choice choice = models().pick(name);
    choice.as<NetworkOptions>().drop_path = 0.1;
    CHECK_THROWS_WITH(models().build(choice, context), Catch::Contains("model.drop_path"));
  }
}

at::Tensor evaluated(Model& model, const at::Tensor& images) {
  const c10::NoGradGuard no_grad;
  model.eval();
  return model.forward(images);
}

TEST_CASE("RepVGG evaluates as one convolution a block", "[models]") {
  const ModelContext context{.classes = 3, .height = 34, .width = 45};
  const auto model = blank("repvgg_a0", context);
  model->to(at::kDouble);
  test::fill_by_formula(*model);
  const at::Tensor images = test::formula("images", {2, 3, 34, 45});
  const at::Tensor before = evaluated(*model, images);
  CHECK(fold_branches(*model) == 22);
  // In float64, sums in another order.
  CHECK(
      evaluated(*model, images).allclose(before, 1e-9, 1e-12 * before.abs().max().item<double>()));
  CHECK(model->named_parameters().size() == 2 * 22 + 2);
  CHECK(model->named_parameters().contains("stages.0.1.reparam_conv.bias"));
  CHECK(model->named_buffers().is_empty());
  CHECK(fold_branches(*blank("resnet9", context)) == 0);
}

TEST_CASE("rows that are torchvision's networks are in the table", "[models]") {
  for (const zoo::TorchvisionNetwork& network : zoo::torchvision_networks()) {
    INFO(network.row);
    CHECK_NOTHROW(models().pick(network.row));
    CHECK(zoo::torchvision_network(network.row)->name == network.name);
  }
  CHECK(zoo::torchvision_network("mlp") == nullptr);
}

TEST_CASE("features are pooled as named", "[models]") {
  const at::Tensor x = test::formula("pool", {2, 3, 5, 7});
  const at::Tensor mean = x.mean({2, 3}, true), most = x.amax({2, 3}, true);
  CHECK(global_pool(Pool::kAvg, x).allclose(mean));
  CHECK(global_pool(Pool::kMax, x).equal(most));
  CHECK(global_pool(Pool::kAvgMax, x).allclose((mean + most) / 2));
  const at::Tensor cubes = x.clamp_min(1e-6).pow(3).mean({2, 3}, true);
  CHECK(global_pool(Pool::kGem, x).pow(3).allclose(cubes));
  for (const Pool pool : {Pool::kAvg, Pool::kMax, Pool::kAvgMax, Pool::kGem})
    CHECK(global_pool_of_tokens(pool, x.permute({0, 2, 3, 1}))
              .allclose(global_pool(pool, x).flatten(1)));
}

}  // namespace
}  // namespace stoker::models
