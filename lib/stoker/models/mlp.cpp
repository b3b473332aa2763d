#include "stoker/models/mlp.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/flatten.h>
#include <torch/nn/modules/linear.h>

#include <string>

#include "stoker/models/check.h"
#include "stoker/nn/batch_norm.h"
#include "stoker/nn/recompute.h"

namespace stoker::models {
namespace {

using Linear = std::shared_ptr<torch::nn::LinearImpl>;

// linear, norm where asked for, activation, dropout
class MlpLayer : public torch::nn::Module {
 public:
  MlpLayer(int64_t in, int64_t out, const MlpOptions& options)
      : activation_(options.activation),
        dropout_(options.dropout),
        linear_(register_module("linear", std::make_shared<torch::nn::LinearImpl>(in, out))) {
    if (options.batch_norm)
      norm_ = register_module("norm", std::make_shared<nn::BatchNorm>(out, nn::BatchNormOptions{}));
  }

  at::Tensor forward(const at::Tensor& x) { return finish(enter(x)); }
  at::Tensor enter(const at::Tensor& x) { return linear_->forward(x); }
  at::Tensor finish(at::Tensor x) {
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

class Perceptron : public Model {
 public:
  Perceptron(const MlpOptions& options, const ModelContext& context) {
    int64_t features = context.channels * context.height * context.width;
    for (size_t i = 0; i < options.hidden.size(); ++i) {
      layers_.push_back(
          register_module(fmt::format("layer{}", i + 1),
                          std::make_shared<MlpLayer>(features, options.hidden[i], options)));
      features = options.hidden[i];
    }
    head_ =
        register_module("head", std::make_shared<torch::nn::LinearImpl>(features, context.classes));
  }

  at::Tensor forward(const at::Tensor& images) override {
    const at::Tensor x = at::flatten(images, 1);
    if (layers_.empty()) return head_->forward(x);
    return recompute() == Recompute::kNone ? by_blocks(x) : by_layers(x);
  }

  std::vector<Segment> segments() override {
    std::vector<Segment> segments{
        {{}, [](const at::Tensor& images) { return at::flatten(images, 1); }}};
    for (size_t i = 0; i < layers_.size(); ++i) {
      segments.push_back({{fmt::format("layer{}.", i + 1)},
                          [this, layer = layers_[i], is_last = i + 1 == layers_.size()](
                              const at::Tensor& x) { return run_block(layer, x, is_last); }});
    }
    segments.push_back({{"head."}, [this](const at::Tensor& x) { return head_->forward(x); }});
    return segments;
  }

  // A layer run again would keep its input in place of what its product gives: as much.
  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kNorms};
  }

  std::string head() const override { return "head."; }

 private:
  static nn::Deferred finished(const std::shared_ptr<MlpLayer>& layer, at::Tensor entered) {
    const auto finish = [layer](const at::Tensor& x) { return layer->finish(x); };
    return {std::move(entered), finish, layer->parameters()};
  }

  at::Tensor by_blocks(at::Tensor x) {
    for (const auto& layer : layers_) x = run_block(layer, x, layer == layers_.back());
    return head_->forward(x);
  }

  // What a layer finishes with is made again before the next one's backward pass.
  at::Tensor by_layers(const at::Tensor& features) {
    nn::Deferred x = finished(layers_.front(), layers_.front()->enter(features));
    for (size_t i = 1; i < layers_.size(); ++i) {
      const auto enter = [&](const at::Tensor& in) { return layers_[i]->enter(in); };
      x = finished(layers_[i], nn::consume(x, enter));
    }
    return nn::consume(x, [&](const at::Tensor& in) { return head_->forward(in); });
  }

  std::vector<std::shared_ptr<MlpLayer>> layers_;
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
  return std::make_shared<Perceptron>(options, context);
}

}  // namespace stoker::models
