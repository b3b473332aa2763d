#include "stoker/models/mlp.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/flatten.h>
#include <torch/nn/modules/linear.h>

#include <string>

#include "stoker/models/check.h"
#include "stoker/nn/batch_norm.h"

namespace stoker::models {
namespace {

using Linear = std::shared_ptr<torch::nn::LinearImpl>;

// linear, norm where asked for, activation, dropout
class Layer : public torch::nn::Module {
 public:
  Layer(int64_t in, int64_t out, const MlpOptions& options)
      : activation_(options.activation),
        dropout_(options.dropout),
        linear_(register_module("linear", std::make_shared<torch::nn::LinearImpl>(in, out))) {
    if (options.batch_norm)
      norm_ = register_module("norm", std::make_shared<nn::BatchNorm>(out, nn::BatchNormOptions{}));
  }

  at::Tensor forward(at::Tensor x) {
    x = linear_->forward(x);
    if (norm_) x = norm_->forward(x);
    x = nn::activate(activation_, x);
    return dropout_ > 0 ? at::dropout(x, dropout_, is_training()) : x;
  }

 private:
  nn::Activation activation_;
  double dropout_;
  Linear linear_;
  std::shared_ptr<nn::BatchNorm> norm_;
};

class Mlp : public Model {
 public:
  Mlp(const MlpOptions& options, const ModelContext& context) {
    int64_t features = context.channels * context.height * context.width;
    for (size_t i = 0; i < options.hidden.size(); ++i) {
      layers_.push_back(
          register_module(fmt::format("layer{}", i + 1),
                          std::make_shared<Layer>(features, options.hidden[i], options)));
      features = options.hidden[i];
    }
    head_ =
        register_module("head", std::make_shared<torch::nn::LinearImpl>(features, context.classes));
  }

  at::Tensor forward(const at::Tensor& images) override {
    at::Tensor x = at::flatten(images, 1);
    for (const auto& layer : layers_) x = layer->forward(x);
    return head_->forward(x);
  }

  std::string head() const override { return "head."; }

 private:
  std::vector<std::shared_ptr<Layer>> layers_;
  Linear head_;
};

}  // namespace

void describe(MlpOptions& options, config::Fields& fields) {
  fields("hidden", options.hidden, "widths of the hidden layers; [] is a linear model").positive();
  fields("activation", options.activation, "after each hidden layer");
  fields("dropout", options.dropout, "share of hidden features dropped").in(0, 0.99);
  fields("batch_norm", options.batch_norm, "normalize before each activation");
}

std::shared_ptr<Model> build_mlp(const MlpOptions& options, const ModelContext& context) {
  check_context("mlp", context, {});
  for (const int64_t width : options.hidden)
    if (width < 1)
      throw ConfigError(fmt::format("model mlp: hidden holds {}; each is at least 1.", width));
  return std::make_shared<Mlp>(options, context);
}

}  // namespace stoker::models
