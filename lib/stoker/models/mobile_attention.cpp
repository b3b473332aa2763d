#include "stoker/models/mobile_attention.h"

#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/nn/init.h>

#include <string>

#include "stoker/models/convolutions.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

// "proj", behind "down_conv" and "norm" where there is a stride.
class Projection : public torch::nn::Module {
 public:
  Projection(int64_t in, int64_t out)
      : proj_(register_module("proj", make_conv({.in = in, .out = out}))) {}

  void thin_out(int64_t in, int64_t kernel, int64_t stride, const nn::BatchNormOptions& norm) {
    down_ = register_module(
        "down_conv",
        make_conv({.in = in, .out = in, .kernel = kernel, .stride = stride, .groups = in}));
    norm_ = register_module("norm", make_norm(in, norm));
  }

  at::Tensor forward(const at::Tensor& x) {
    return convolve(*proj_, down_ ? norm_->forward(convolve(*down_, x)) : x);
  }

 private:
  Conv down_;
  Norm norm_;
  Conv proj_;
};

class MultiQueryAttention : public torch::nn::Module {
 public:
  MultiQueryAttention(const MobileBlockShape& shape, const MobileStyle& style)
      : heads_(shape.spec.heads) {
    const MobileSpec& spec = shape.spec;
    const int64_t all = spec.heads * spec.key_width;
    query_ = add("query", shape.in, all);
    key_ = add("key", shape.in, spec.key_width);
    value_ = add("value", shape.in, spec.key_width);
    if (spec.kv_stride > 1) {
      key_->thin_out(shape.in, spec.kernel, spec.kv_stride, style.norm);
      value_->thin_out(shape.in, spec.kernel, spec.kv_stride, style.norm);
    }
    output_ = add("output", all, spec.channels);
  }

  // x: [N, C, H, W]
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor q = tokens(query_->forward(x), heads_);
    const auto shared = [&](const std::shared_ptr<Projection>& projection) {
      return tokens(projection->forward(x), 1).expand({-1, heads_, -1, -1});
    };
    const at::Tensor y = at::scaled_dot_product_attention(q, shared(key_), shared(value_));
    return output_->forward(y.transpose(2, 3).reshape({x.size(0), -1, x.size(2), x.size(3)}));
  }

  void draw() {
    for (const auto& parameter : named_parameters())
      if (parameter.value().dim() == 4) torch::nn::init::xavier_uniform_(parameter.value());
  }

 private:
  std::shared_ptr<Projection> add(const std::string& name, int64_t in, int64_t out) {
    return register_module(name, std::make_shared<Projection>(in, out));
  }
  // [N, heads, H * W, width] of [N, heads * width, H, W]
  static at::Tensor tokens(const at::Tensor& x, int64_t heads) {
    return x.reshape({x.size(0), heads, x.size(1) / heads, -1}).transpose(2, 3);
  }

  int64_t heads_;
  std::shared_ptr<Projection> query_, key_, value_, output_;
};

class MobileAttention : public Layer {
 public:
  MobileAttention(const MobileBlockShape& shape, const MobileStyle& style)
      : drop_path_(shape.drop_path), adds_input_(shape.in == shape.spec.channels) {
    norm_ = register_module("norm", make_norm(shape.in, style.norm));
    attn_ = register_module("attn", std::make_shared<MultiQueryAttention>(shape, style));
    if (style.layer_scale == 0) return;
    const auto scale = register_module("layer_scale", std::make_shared<torch::nn::Module>());
    scale_ = scale->register_parameter("gamma", at::full({shape.spec.channels}, style.layer_scale));
  }

  at::Tensor forward(const at::Tensor& x, bool) override {
    at::Tensor y = attn_->forward(norm_->forward(x));
    if (scale_.defined()) y = y * scale_.view({-1, 1, 1});
    return adds_input_ ? nn::drop_path(y, drop_path_, is_training()) + x : y;
  }

 private:
  double drop_path_;
  bool adds_input_;
  Norm norm_;
  std::shared_ptr<MultiQueryAttention> attn_;
  at::Tensor scale_;
};

}  // namespace

std::shared_ptr<Layer> make_mobile_attention(const MobileBlockShape& shape,
                                             const MobileStyle& style) {
  return std::make_shared<MobileAttention>(shape, style);
}

void initialize_mobile_attention(torch::nn::Module& network) {
  if (BlankWeights::active()) return;
  for (const auto& module : network.modules())
    if (auto* attention = dynamic_cast<MultiQueryAttention*>(module.get())) attention->draw();
}

}  // namespace stoker::models
