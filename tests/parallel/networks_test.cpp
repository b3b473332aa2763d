// Networks of the table, divided, against one process: their blocks are of many kinds.
#include <ATen/Context.h>
#include <ATen/ops/randn.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "dist/threads.h"
#include "stoker/models/convnext.h"
#include "stoker/models/vit.h"
#include "stoker/optim/sgd.h"
#include "stoker/optim/sharded.h"
#include "stoker/parallel/shards.h"
#include "support/catch.h"

using namespace stoker;
using test::checking;
using weights::NamedTensors;

namespace {

constexpr int64_t kImages = 8;

struct Network {
  const char* name;
  int64_t side;
  std::function<std::shared_ptr<models::Model>(const models::ModelContext&)> build;

  models::ModelContext context() const { return {.classes = 5, .height = side, .width = side}; }
  std::shared_ptr<models::Model> make() const {
    const std::lock_guard lock(checking);
    at::manual_seed(3);
    auto model = build(context());
    model->train();
    return model;
  }
  at::Tensor images(int step) const {
    const std::lock_guard lock(checking);
    at::manual_seed(static_cast<uint64_t>(50 + step));
    return at::randn({kImages, 3, side, side});
  }
};

NamedTensors named(const models::Model& model) {
  NamedTensors parameters;
  for (const auto& item : model.named_parameters())
    parameters.emplace_back(item.key(), item.value());
  return parameters;
}

// Moves values in proportion to their gradients, so that rounding stays rounding.
const optim::BuildOptimizer kSgd = [](std::vector<optim::ParameterGroup> groups) {
  return optim::make_sgd({.lr = 0.05, .momentum = 0.9}, std::move(groups));
};

void add_gradients(models::Model& model, const at::Tensor& images) {
  (model.forward(images).square().sum() / kImages).backward();
}

NamedTensors trained_alone(const Network& network) {
  const auto model = network.make();
  const auto optimizer = kSgd({{.parameters = named(*model)}});
  for (int step = 0; step < 2; ++step) {
    add_gradients(*model, network.images(step));
    optimizer->step({});
    optimizer->zero_grad();
  }
  return named(*model);
}

// On the first of two ranks, each with a micro-batch of 4 images a step.
NamedTensors trained_divided(const Network& network, dist::Group& group,
                             const parallel::ShardsOptions& options) {
  const auto model = network.make();
  const auto shards = std::make_shared<parallel::Shards>(group, *model, network.context(), options);
  const auto optimizer = optim::make_sharded(group, {{.parameters = named(*model)}}, kSgd, shards);
  shards->begin();
  const auto exchange = optimizer->exchange(group, named(*model));
  for (int step = 0; step < 2; ++step) {
    exchange->begin_step(1);
    exchange->before_micro_batch(true);
    add_gradients(*model, network.images(step).narrow(0, 4 * group.rank(), 4));
    exchange->finish(dist::Share::kWhole);
    optimizer->step({});
    optimizer->zero_grad();
  }
  optimizer->gather_state();
  NamedTensors copies;
  for (const auto& [name, tensor] : optimizer->at_hand(named(*model)))
    copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

void check_same(const NamedTensors& ours, const NamedTensors& expected) {
  const std::map<std::string, at::Tensor> found(ours.begin(), ours.end());
  REQUIRE(ours.size() == expected.size());
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    REQUIRE(found.contains(name));
    // Of sums of floats in another order.
    CHECK(found.at(name).allclose(tensor, 1e-4, 1e-5));
  }
}

const Network kNetworks[] = {
    {"vit", 16,
     [](const models::ModelContext& context) {
       return models::build_vit(
           {.patch = 8, .width = 24, .depth = 3, .heads = 3, .layer_scale = 0.5}, context);
     }},
    {"convnext", 32,
     [](const models::ModelContext& context) {
       return models::build_convnext(
           {.depths = {1, 1, 2, 1}, .widths = {8, 16, 24, 40}, .layer_scale = 0.5}, context);
     }},
};

}  // namespace

TEST_CASE("a ViT and a ConvNeXt train divided as one process does") {
  for (const Network& network : kNetworks) {
    const NamedTensors expected = trained_alone(network);
    for (const bool divides_parameters : {false, true}) {
      test::as_ranks(2, [&](dist::Group& group) {
        const NamedTensors whole = trained_divided(
            network, group, {.divides_parameters = divides_parameters, .unit_bytes = 16'384});
        if (!group.is_first()) return;
        const std::lock_guard lock(checking);
        INFO(network.name << (divides_parameters ? ", parameters" : ", gradients"));
        check_same(whole, expected);
      });
    }
  }
}
