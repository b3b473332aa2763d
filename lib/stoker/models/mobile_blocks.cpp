#include "stoker/models/mobile_blocks.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "stoker/core/error.h"
#include "stoker/models/chain.h"
#include "stoker/models/mobile_attention.h"
#include "stoker/models/squeeze_excite.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

constexpr nn::Activation kIdentity = nn::Activation::kIdentity;

// What the kinds of blocks are made of: convolutions with norms, one of them perhaps followed by
// squeeze-and-excitation, and a sum with the input.
class MobileBlock : public Layer {
 public:
  MobileBlock(const MobileBlockShape& shape, const MobileStyle& style)
      : style_(style),
        activation_(shape.spec.activation.value_or(style.activation)),
        drop_path_(shape.drop_path),
        adds_input_(shape.spec.stride == 1 && shape.in == shape.spec.channels &&
                    shape.spec.skip.value_or(shape.spec.kind != MobileKind::kConv)) {}

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    Chain chain(x, keep);
    for (size_t i = 0; i + 1 < steps_.size(); ++i) {
      chain.conv(steps_[i].conv)
          .norm(steps_[i].norm, steps_[i].activation)
          .then(steps_[i].squeeze.get());
    }
    const Step& last = steps_.back();
    chain.conv(last.conv);
    if (adds_input_ && last.activation == kIdentity && !scale_.defined())
      return chain.join(last.norm, kIdentity, x, drop_path_, is_training());
    at::Tensor branch = chain.norm(last.norm, last.activation).now();
    if (scale_.defined()) branch = branch * scale_.view({-1, 1, 1});
    return adds_input_ ? nn::drop_path(branch, drop_path_, is_training()) + x : branch;
  }

 protected:
  struct Step {
    Conv conv;
    Norm norm;
    nn::Activation activation;
    std::shared_ptr<SqueezeExcite> squeeze;
  };

  nn::Activation activation() const { return activation_; }

  // Under names of their own here.
  void add(const std::string& conv, const std::string& norm, ConvShape shape,
           nn::Activation activation) {
    shape.same = style_.same_padding;
    steps_.push_back({register_module(conv, make_conv(shape)),
                      register_module(norm, make_norm(shape.out, style_.norm)), activation,
                      nullptr});
  }
  // Under `name`, as conv and bn.
  void add_unit(const std::string& name, const ConvShape& shape, nn::Activation activation) {
    const auto unit = register_module(name, std::make_shared<torch::nn::Module>());
    steps_.push_back({unit->register_module("conv", make_conv(shape)),
                      unit->register_module("bn", make_norm(shape.out, style_.norm)), activation,
                      nullptr});
  }
  void add_scale(int64_t channels) {
    if (style_.layer_scale == 0) return;
    const auto scale = register_module("layer_scale", std::make_shared<torch::nn::Module>());
    scale_ = scale->register_parameter("gamma", at::full({channels}, style_.layer_scale));
  }
  // Behind the last step, whose channels are `channels`, expanded from `in`.
  void add_squeeze(double share, int64_t in, int64_t channels) {
    if (share == 0) return;
    const int64_t reduced =
        style_.squeezes_expanded
            ? round_channels(static_cast<double>(channels) * share)
            : static_cast<int64_t>(std::nearbyint(static_cast<double>(in) * share));
    steps_.back().squeeze = register_module(
        "se",
        std::make_shared<SqueezeExcite>(SqueezeExciteShape{.channels = channels,
                                                           .reduced = reduced,
                                                           .reduce_name = "conv_reduce",
                                                           .expand_name = "conv_expand",
                                                           .activation = style_.squeeze_activation,
                                                           .gate = style_.squeeze_gate}));
  }

 private:
  MobileStyle style_;
  nn::Activation activation_;
  double drop_path_;
  bool adds_input_;
  std::vector<Step> steps_;
  at::Tensor scale_;
};

class ConvBlock : public MobileBlock {
 public:
  ConvBlock(const MobileBlockShape& shape, const MobileStyle& style) : MobileBlock(shape, style) {
    const MobileSpec& spec = shape.spec;
    add("conv", "bn1",
        {.in = shape.in, .out = spec.channels, .kernel = spec.kernel, .stride = spec.stride},
        activation());
  }
};

class Separable : public MobileBlock {
 public:
  Separable(const MobileBlockShape& shape, const MobileStyle& style) : MobileBlock(shape, style) {
    const MobileSpec& spec = shape.spec;
    const int64_t in = shape.in;
    add("conv_dw", "bn1",
        {.in = in, .out = in, .kernel = spec.kernel, .stride = spec.stride, .groups = in},
        activation());
    add_squeeze(spec.squeeze, in, in);
    add("conv_pw", "bn2", {.in = in, .out = spec.channels}, kIdentity);
  }
};

int64_t expanded(const MobileBlockShape& shape) {
  return round_channels(static_cast<double>(shape.in) * shape.spec.expansion);
}

class Inverted : public MobileBlock {
 public:
  Inverted(const MobileBlockShape& shape, const MobileStyle& style) : MobileBlock(shape, style) {
    const MobileSpec& spec = shape.spec;
    const int64_t mid = expanded(shape);
    add("conv_pw", "bn1", {.in = shape.in, .out = mid}, activation());
    add("conv_dw", "bn2",
        {.in = mid, .out = mid, .kernel = spec.kernel, .stride = spec.stride, .groups = mid},
        activation());
    add_squeeze(spec.squeeze, shape.in, mid);
    add("conv_pwl", "bn3", {.in = mid, .out = spec.channels}, kIdentity);
  }
};

class Edge : public MobileBlock {
 public:
  Edge(const MobileBlockShape& shape, const MobileStyle& style) : MobileBlock(shape, style) {
    const MobileSpec& spec = shape.spec;
    const int64_t mid = expanded(shape);
    add("conv_exp", "bn1",
        {.in = shape.in, .out = mid, .kernel = spec.kernel, .stride = spec.stride}, activation());
    add_squeeze(spec.squeeze, shape.in, mid);
    add("conv_pwl", "bn2", {.in = mid, .out = spec.channels}, kIdentity);
  }
};

class Universal : public MobileBlock {
 public:
  Universal(const MobileBlockShape& shape, const MobileStyle& style) : MobileBlock(shape, style) {
    const MobileSpec& spec = shape.spec;
    const int64_t in = shape.in, mid = expanded(shape);
    if (spec.start_kernel > 0) {
      add_unit("dw_start",
               {.in = in,
                .out = in,
                .kernel = spec.start_kernel,
                .stride = spec.kernel > 0 ? 1 : spec.stride,
                .groups = in},
               kIdentity);
    }
    add_unit("pw_exp", {.in = in, .out = mid}, activation());
    if (spec.kernel > 0) {
      add_unit("dw_mid",
               {.in = mid, .out = mid, .kernel = spec.kernel, .stride = spec.stride, .groups = mid},
               activation());
    }
    add_unit("pw_proj", {.in = mid, .out = spec.channels}, kIdentity);
    add_scale(spec.channels);
  }
};

}  // namespace

std::shared_ptr<Layer> make_mobile_block(const MobileBlockShape& shape, const MobileStyle& style) {
  switch (shape.spec.kind) {
    case MobileKind::kConv:
      return std::make_shared<ConvBlock>(shape, style);
    case MobileKind::kSeparable:
      return std::make_shared<Separable>(shape, style);
    case MobileKind::kInverted:
      return std::make_shared<Inverted>(shape, style);
    case MobileKind::kEdge:
      return std::make_shared<Edge>(shape, style);
    case MobileKind::kUniversal:
      return std::make_shared<Universal>(shape, style);
    case MobileKind::kAttention:
      return make_mobile_attention(shape, style);
  }
  throw InternalError(fmt::format("no such block: {}", static_cast<int>(shape.spec.kind)));
}

int64_t round_channels(double channels, int64_t step) {
  const auto units =
      static_cast<int64_t>((channels + static_cast<double>(step) / 2) / static_cast<double>(step));
  const int64_t rounded = std::max(step, units * step);
  return static_cast<double>(rounded) < 0.9 * channels ? rounded + step : rounded;
}

}  // namespace stoker::models
