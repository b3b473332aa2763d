// RepVGG (Ding et al., "RepVGG: Making VGG-style ConvNets Great Again", 2021): beside each 3x3
// convolution one of 1x1, and the identity where shapes allow it, each with its norm; for inference
// all of them as one 3x3 convolution (section 3.3). timm's parameter names, in both forms.
#include <ATen/ops/eye.h>
#include <c10/core/GradMode.h>
#include <torch/nn/init.h>

#include <array>
#include <string>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/fold.h"
#include "stoker/models/network.h"
#include "stoker/nn/convolution.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

// conv and bn
class RepvggUnit : public torch::nn::Module {
 public:
  explicit RepvggUnit(const ConvShape& shape)
      : conv_(register_module("conv", make_conv(shape))),
        norm_(register_module("bn", make_norm(shape.out))) {}
  at::Tensor forward(const at::Tensor& x) { return norm_->forward(convolve(*conv_, x)); }

  // A convolution with the norm behind it as one, in float64.
  struct Folded {
    at::Tensor weight, bias;
  };
  Folded folded() const { return filters_of(conv_->weight, *norm_); }
  static Folded filters_of(const at::Tensor& weight, const nn::BatchNorm& norm) {
    const at::Tensor deviation = (norm.running_var.to(at::kDouble) + norm.eps()).sqrt();
    const at::Tensor factor = norm.weight.to(at::kDouble) / deviation;
    return {weight.to(at::kDouble) * factor.view({-1, 1, 1, 1}),
            norm.bias.to(at::kDouble) - norm.running_mean.to(at::kDouble) * factor};
  }

 private:
  Conv conv_;
  Norm norm_;
};

class RepVggBlock : public Layer, public Foldable {
 public:
  RepVggBlock(int64_t in, int64_t out, int64_t stride, double drop_path)
      : shape_{.in = in, .out = out, .kernel = 3, .stride = stride, .bias = true},
        drop_path_(drop_path) {
    if (in == out && stride == 1) identity_ = register_module("identity", make_norm(out));
    large_ = register_module("conv_kxk", std::make_shared<RepvggUnit>(ConvShape{
                                             .in = in, .out = out, .kernel = 3, .stride = stride}));
    small_ = register_module("conv_1x1", std::make_shared<RepvggUnit>(
                                             ConvShape{.in = in, .out = out, .stride = stride}));
  }

  at::Tensor forward(const at::Tensor& x, bool) override {
    if (folded_) return nn::convolve_activate(*folded_, nn::Activation::kRelu, x);
    at::Tensor sum = large_->forward(x) + small_->forward(x);
    if (identity_) sum = nn::drop_path(sum, drop_path_, is_training()) + identity_->forward(x);
    return nn::activate(nn::Activation::kRelu, sum);
  }

  void fold() override {
    if (folded_) return;
    const c10::NoGradGuard no_grad;
    const at::Tensor like = large_->parameters().front();
    RepvggUnit::Folded sum = large_->folded();
    const auto add_at_center = [&sum](const RepvggUnit::Folded& point) {
      sum.weight.select(3, 1).select(2, 1).add_(point.weight.flatten(1));
      sum.bias.add_(point.bias);
    };
    add_at_center(small_->folded());
    if (identity_) {
      const at::Tensor eye = at::eye(shape_.out, like.options().requires_grad(false));
      add_at_center(RepvggUnit::filters_of(eye.view({shape_.out, shape_.out, 1, 1}), *identity_));
      unregister_module("identity");
    }
    unregister_module("conv_kxk");
    unregister_module("conv_1x1");
    folded_ = register_module("reparam_conv", make_conv(shape_));
    folded_->weight.set_data(
        sum.weight.to(like.scalar_type()).contiguous(like.suggest_memory_format()));
    folded_->bias.set_data(sum.bias.to(like.scalar_type()));
    large_ = small_ = nullptr;
    identity_ = nullptr;
  }

 private:
  ConvShape shape_;
  double drop_path_;
  Conv folded_;  // undefined while the branches stand
  std::shared_ptr<RepvggUnit> large_, small_;
  Norm identity_;
};

struct RepvggDesign {
  std::array<int64_t, 4> blocks;
  int64_t stem;
  std::array<int64_t, 4> widths;
};

// Norms around 0.1, so that the branches begin alike.
void initialize_norms(torch::nn::Module& network) {
  for (const auto& module : network.modules()) {
    auto* norm = dynamic_cast<nn::BatchNorm*>(module.get());
    if (norm == nullptr) continue;
    torch::nn::init::normal_(norm->weight, 0.1, 0.1);
    torch::nn::init::normal_(norm->bias, 0, 0.1);
  }
}

std::shared_ptr<Model> build_repvgg(const RepvggDesign& design, const NetworkOptions& options,
                                    const ModelContext& context) {
  auto network = std::make_shared<Network>(options);
  network->add("stem", std::make_shared<RepVggBlock>(context.channels, design.stem, 2, 0));
  int64_t channels = design.stem, index = 0, count = 0;
  for (const int64_t blocks : design.blocks) count += blocks;
  for (size_t stage = 0; stage < design.blocks.size(); ++stage) {
    for (int64_t block = 0; block < design.blocks[stage]; ++block) {
      const double rate = nn::drop_path_rate(options.drop_path, index++, count);
      network->add(
          fmt::format("stages.{}.{}", stage, block),
          std::make_shared<RepVggBlock>(channels, design.widths[stage], block == 0 ? 2 : 1, rate));
      channels = design.widths[stage];
    }
  }
  network->pool();
  network->classify("head.fc", channels, context.classes);
  initialize(*network, {.filters = Filters::kFanOutOfGroup, .classifier = Classifier::kNormal});
  initialize_norms(*network);
  return network;
}

}  // namespace

ModelTable::Rows repvgg_rows() {
  const auto row = [](std::string_view name, std::string_view help, const RepvggDesign& design) {
    return ModelTable::row<NetworkOptions>(
        name, help, [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, {});
          return build_repvgg(design, options, context);
        });
  };
  return {
      row("repvgg_a0", "RepVGG-A0", {{2, 4, 14, 1}, 48, {48, 96, 192, 1280}}),
      row("repvgg_a1", "RepVGG-A1", {{2, 4, 14, 1}, 64, {64, 128, 256, 1280}}),
      row("repvgg_a2", "RepVGG-A2", {{2, 4, 14, 1}, 64, {96, 192, 384, 1408}}),
      row("repvgg_b0", "RepVGG-B0", {{4, 6, 16, 1}, 64, {64, 128, 256, 1280}}),
      row("repvgg_b1", "RepVGG-B1", {{4, 6, 16, 1}, 64, {128, 256, 512, 2048}}),
  };
}

}  // namespace stoker::models
