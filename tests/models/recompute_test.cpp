// Every model of the table trains to the same bits whatever it keeps for the backward pass.
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "stoker/models/activations.h"
#include "stoker/models/airbench.h"
#include "stoker/models/flops.h"
#include "stoker/models/mlp.h"
#include "stoker/models/model.h"
#include "stoker/models/network.h"
#include "stoker/models/resnet.h"
#include "support/catch.h"

namespace stoker::models {
namespace {

const ModelContext kContext{.classes = 5, .height = 34, .width = 26};

config::Choice with_dropout(const std::string& name) {
  config::Choice choice = models().pick(name);
  if (name == "mlp") {
    auto& options = choice.as<MlpOptions>();
    options = {.hidden = {24, 16, 8}, .dropout = 0.3, .batch_norm = true};
  } else if (name.starts_with("airbench")) {
    choice.as<AirbenchOptions>().widths = {16, 24};
  } else if (name.find("resne") != std::string::npos) {
    choice.as<ResnetOptions>().dropout = 0.3;
  } else {
    choice.as<NetworkOptions>() = {.drop_path = name.starts_with("dla") ? 0 : 0.2, .dropout = 0.3};
  }
  return choice;
}

using Named = std::vector<std::pair<std::string, at::Tensor>>;

// Logits, gradients and buffers after two micro-batches from fixed weights.
Named train(const std::string& name, Recompute rung, bool bfloat16, at::MemoryFormat format) {
  at::manual_seed(5);
  const auto model = models().build(with_dropout(name), kContext);
  for (at::Tensor& parameter : model->parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.detach().contiguous(format));
  model
      ->named_parameters()[name == "mlp" ? "layer1.linear.bias"
                                         : model->layers().front().front() + "weight"]
      .set_requires_grad(false);
  model->set_recompute(rung);
  Named all;
  for (uint64_t step = 0; step < 2; ++step) {
    at::manual_seed(step);
    const at::Tensor images = at::randn({3, 3, kContext.height, kContext.width})
                                  .to(bfloat16 ? at::kBFloat16 : at::kFloat)
                                  .contiguous(format);
    at::autocast::set_autocast_enabled(at::kCPU, bfloat16);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    const at::Tensor logits = model->forward(images);
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    all.emplace_back("logits", logits.detach());
    at::cross_entropy_loss(logits.to(at::kFloat), at::tensor({0, 3, 4}, at::kLong)).backward();
  }
  for (const auto& p : model->named_parameters()) all.emplace_back(p.key(), p.value().grad());
  for (const auto& b : model->named_buffers()) all.emplace_back(b.key(), b.value());
  return all;
}

void check_same_bits(const Named& ours, const Named& theirs) {
  REQUIRE(ours.size() == theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    INFO(ours[i].first);
    REQUIRE(ours[i].second.defined() == theirs[i].second.defined());
    if (ours[i].second.defined()) CHECK(ours[i].second.equal(theirs[i].second));
  }
}

TEST_CASE("what a model makes again gives the gradients of what it keeps", "[models]") {
  for (const std::string name : {"mlp", "airbench", "airbench96", "resnet18", "resnet50",
                                 "seresnet18", "tf_efficientnet_b0", "regnety_002", "dla46_c"}) {
    for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
      for (const bool bfloat16 : {false, true}) {
        const bool is_large = name != "mlp" && !name.starts_with("airbench");
        if (is_large && format == at::MemoryFormat::Contiguous && bfloat16) continue;
        if (name.find("net_") != std::string::npos && format == at::MemoryFormat::Contiguous)
          continue;
        const Named kept = train(name, Recompute::kNone, bfloat16, format);
        for (const Recompute rung : {Recompute::kNorms, Recompute::kBlocks}) {
          INFO(name << " " << enum_names(rung)[static_cast<size_t>(rung)] << " bfloat16 "
                    << bfloat16 << " format " << static_cast<int>(format));
          check_same_bits(train(name, rung, bfloat16, format), kept);
        }
      }
    }
  }
}

TEST_CASE("each model names the rungs that it has, and takes no further one", "[models]") {
  const std::vector<Recompute> all{Recompute::kNone, Recompute::kNorms, Recompute::kBlocks};
  for (const std::string name : {"airbench", "resnet18"}) {
    const auto model = models().build(with_dropout(name), kContext);
    CHECK((model->recompute_rungs() == all));
    CHECK(model->recompute() == Recompute::kNone);
    model->set_recompute(Recompute::kBlocks);
    CHECK(model->recompute() == Recompute::kBlocks);
  }
  const auto mlp = models().build(with_dropout("mlp"), kContext);
  CHECK((mlp->recompute_rungs() == std::vector<Recompute>{Recompute::kNone, Recompute::kNorms}));
  mlp->set_recompute(Recompute::kBlocks);
  CHECK(mlp->recompute() == Recompute::kNorms);
}

struct Cost {
  double kept, flops;  // shares of what is kept, and computed in a forward pass, without
};

Cost cost_of(const std::string& name, const ModelContext& context, Recompute rung) {
  const auto model =
      models().build(name == "mlp" ? with_dropout(name) : models().pick(name), context);
  for (at::Tensor& parameter : model->parameters())
    if (parameter.dim() == 4)
      parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
  const auto all = static_cast<double>(kept_bytes(*model, context));
  CHECK(training_flops(*model, context).recomputed == 0);
  model->set_recompute(rung);
  const at::Tensor buffer = model->buffers().empty() ? at::Tensor() : model->buffers().front();
  const at::Tensor former = buffer.defined() ? buffer.clone() : buffer;
  const Cost cost{static_cast<double>(kept_bytes(*model, context)) / all,
                  static_cast<double>(training_flops(*model, context).recomputed) /
                      static_cast<double>(forward_flops(*model, context))};
  if (buffer.defined()) CHECK(buffer.equal(former));
  return cost;
}

// A basic block keeps its input and what two convolutions and the first norm give: of four tensors
// of a size the norm's is made again. A bottleneck's are two of twelve, by a quarter of the width.
TEST_CASE("each rung keeps less than the one before, for more computation", "[models]") {
  const ModelContext large{.classes = 10, .height = 64, .width = 64};
  for (const std::string name : {"resnet18", "resnet50", "airbench", "mlp"}) {
    INFO(name);
    const Cost norms = cost_of(name, large, Recompute::kNorms);
    const Cost blocks = cost_of(name, large, Recompute::kBlocks);
    UNSCOPED_INFO("norms keep " << norms.kept << " for " << norms.flops << ", blocks "
                                << blocks.kept << " for " << blocks.flops);
    CHECK(norms.kept < 0.9);
    CHECK(norms.flops < 0.02);
    if (name == "mlp") {  // has no blocks
      CHECK(blocks.kept == norms.kept);
      continue;
    }
    CHECK(blocks.kept < norms.kept);
    CHECK(blocks.flops < 1);
    CHECK(blocks.flops > 0.5);
  }
}

}  // namespace
}  // namespace stoker::models
