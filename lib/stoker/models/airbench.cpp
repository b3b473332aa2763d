#include "stoker/models/airbench.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/flatten.h>
#include <ATen/ops/im2col.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <string>
#include <utility>

#include "stoker/models/check.h"
#include "stoker/nn/batch_norm.h"
#include "stoker/nn/convolution.h"
#include "stoker/nn/max_pool.h"
#include "stoker/nn/recompute.h"

namespace stoker::models {
namespace {

using Conv = std::shared_ptr<torch::nn::Conv2dImpl>;
using Norm = std::shared_ptr<nn::BatchNorm>;

constexpr int64_t kWhitenKernel = 2;
constexpr int64_t kGroupPool = 2;
constexpr int64_t kLastPool = 3;
constexpr int64_t kInitializationImages = 5000;

// A 3x3 convolution whose first filters pass the input through.
Conv make_conv3x3(int64_t in, int64_t out) {
  auto conv = std::make_shared<torch::nn::Conv2dImpl>(
      torch::nn::Conv2dOptions(in, out, 3).padding(1).bias(false));
  const c10::NoGradGuard no_grad;
  torch::nn::init::dirac_(conv->weight.narrow(0, 0, std::min(in, out)));
  return conv;
}

// What needs no computing any more, as a group's output.
nn::Deferred computed(at::Tensor x) { return {std::move(x), nullptr, {}}; }
at::Tensor now(const nn::Deferred& x) { return x.make ? x.now() : x.x; }

// convolution, pooling, norm, activation, then convolution, norm, activation once or twice, the
// second time with what came before both added to the norm's output
class Group : public torch::nn::Module {
 public:
  Group(int64_t in, int64_t out, const AirbenchOptions& options)
      : activation_(options.activation),
        conv1_(register_module("conv1", make_conv3x3(in, out))),
        norm1_(register_module("norm1", make_norm(out, options))),
        conv2_(register_module("conv2", make_conv3x3(out, out))),
        norm2_(register_module("norm2", make_norm(out, options))) {
    if (options.convolutions < 3) return;
    conv3_ = register_module("conv3", make_conv3x3(out, out));
    norm3_ = register_module("norm3", make_norm(out, options));
  }

  at::Tensor enter(const at::Tensor& x) { return nn::convolve(*conv1_, x); }
  // From what enter() gives to the last activation. keep: for the backward pass, the first one.
  nn::Deferred finish(const at::Tensor& entered, bool keep) {
    const auto convolve = [&](const at::Tensor& x) { return nn::convolve(*conv2_, x); };
    const at::Tensor pooled = nn::max_pool(entered, kGroupPool);
    if (conv3_) return finish_around(pooled, keep);
    return nn::deferred_norm(
        norm2_, activation_,
        nn::consume(nn::deferred_norm(norm1_, activation_, pooled), convolve, keep));
  }

 private:
  static Norm make_norm(int64_t channels, const AirbenchOptions& options) {
    return std::make_shared<nn::BatchNorm>(
        channels,
        nn::BatchNormOptions{.eps = 1e-12, .momentum = options.batchnorm_momentum, .scale = false});
  }

  nn::Deferred finish_around(const at::Tensor& pooled, bool keep) {
    const at::Tensor x = nn::norm_activate(*norm1_, activation_, pooled);
    const auto convolve = [&](const at::Tensor& in) { return nn::convolve(*conv3_, in); };
    const at::Tensor y = nn::consume(
        nn::deferred_norm(norm2_, activation_, nn::convolve(*conv2_, x)), convolve, keep);
    return computed(nn::norm_activate(*norm3_, activation_, y, x));
  }

  nn::Activation activation_;
  Conv conv1_;
  Norm norm1_;
  Conv conv2_;
  Norm norm2_;
  Conv conv3_;
  Norm norm3_;
};

class Groups : public torch::nn::Module {
 public:
  void add(std::shared_ptr<Group> group) {
    const std::string name = std::to_string(groups_.size());
    groups_.push_back(register_module(name, std::move(group)));
  }
  const std::vector<std::shared_ptr<Group>>& all() const { return groups_; }

 private:
  std::vector<std::shared_ptr<Group>> groups_;
};

int64_t side_after_groups(int64_t side, size_t groups) {
  side -= kWhitenKernel - 1;
  for (size_t i = 0; i < groups; ++i) side /= kGroupPool;
  return side;
}

int64_t smallest_side(size_t groups) {
  int64_t side = kLastPool;
  for (size_t i = 0; i < groups; ++i) side *= kGroupPool;
  return side + kWhitenKernel - 1;
}

class Airbench : public Model {
 public:
  Airbench(const AirbenchOptions& options, const ModelContext& context) : options_(options) {
    const int64_t patch = context.channels * kWhitenKernel * kWhitenKernel;
    whiten_ =
        register_module("whiten", std::make_shared<torch::nn::Conv2dImpl>(torch::nn::Conv2dOptions(
                                      context.channels, 2 * patch, kWhitenKernel)));
    whiten_->weight.set_requires_grad(!options.whiten);
    groups_ = register_module("groups", std::make_shared<Groups>());
    int64_t channels = 2 * patch;
    for (const int64_t width : options.widths) {
      groups_->add(std::make_shared<Group>(channels, width, options));
      channels = width;
    }
    const int64_t height = side_after_groups(context.height, options.widths.size()) / kLastPool;
    const int64_t width = side_after_groups(context.width, options.widths.size()) / kLastPool;
    head_ = register_module(
        "head",
        std::make_shared<torch::nn::LinearImpl>(
            torch::nn::LinearOptions(channels * height * width, context.classes).bias(false)));
  }

  at::Tensor forward(const at::Tensor& images) override {
    at::Tensor x = recompute() == Recompute::kBlocks ? by_blocks(images) : by_layers(images);
    x = nn::max_pool(x, kLastPool);
    return head_->forward(at::flatten(x, 1)).mul(options_.scaling_factor);
  }

  std::vector<Segment> segments() override {
    const bool keep = recompute() == Recompute::kNone;
    std::vector<Segment> segments{
        {{"whiten."}, [this](const at::Tensor& images) { return whitened(images).now(); }}};
    for (size_t i = 0; i < groups_->all().size(); ++i) {
      segments.push_back(
          {{fmt::format("groups.{}.", i)}, [group = groups_->all()[i], keep](const at::Tensor& x) {
             return group->finish(group->enter(x), keep).now();
           }});
    }
    segments.push_back({{"head."}, [this](const at::Tensor& x) {
                          const at::Tensor pooled = at::flatten(nn::max_pool(x, kLastPool), 1);
                          return head_->forward(pooled).mul(options_.scaling_factor);
                        }});
    return segments;
  }

  int64_t initialization_images() const override {
    return options_.whiten ? kInitializationImages : 0;
  }

  void initialize(const at::Tensor& images) override {
    if (!options_.whiten) return;
    const c10::NoGradGuard no_grad;
    whiten_->weight.copy_(whitening_filters(images));
  }

  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kNorms, Recompute::kBlocks};
  }

  std::string head() const override { return "head."; }

  std::vector<std::vector<std::string>> layers() const override {
    std::vector<std::vector<std::string>> layers{{"whiten."}};
    for (size_t group = 0; group < options_.widths.size(); ++group)
      layers.push_back({fmt::format("groups.{}.", group)});
    layers.push_back({"head."});
    return layers;
  }

 private:
  nn::Deferred whitened(const at::Tensor& images) const {
    const auto whiten = [conv = whiten_, activation = options_.activation](const at::Tensor& x) {
      return nn::convolve_activate(*conv, activation, x);
    };
    return {images, whiten, whiten_->parameters()};
  }

  static nn::Deferred run(const std::shared_ptr<Group>& group, const nn::Deferred& x, bool keep) {
    const auto enter = [&](const at::Tensor& in) { return group->enter(in); };
    return group->finish(x.make ? nn::consume(x, enter, keep) : enter(x.x), keep);
  }

  at::Tensor by_layers(const at::Tensor& images) const {
    const bool keep = recompute() == Recompute::kNone;
    nn::Deferred x = whitened(images);
    for (const auto& group : groups_->all()) x = run(group, x, keep);
    return now(x);
  }

  // The last group is the first of the backward pass: making it again then would free nothing.
  at::Tensor by_blocks(const at::Tensor& images) const {
    const std::vector<std::shared_ptr<Group>>& groups = groups_->all();
    if (groups.size() == 1) return by_layers(images);
    std::vector<at::Tensor> parameters = whiten_->parameters();
    for (const at::Tensor& parameter : groups.front()->parameters())
      parameters.push_back(parameter);
    const auto first = [this, group = groups.front()](const at::Tensor& in) {
      return now(run(group, whitened(in), false));
    };
    at::Tensor x = nn::recompute(first, parameters, images);
    for (size_t i = 1; i < groups.size(); ++i) {
      const auto rest = [group = groups[i]](const at::Tensor& in) {
        return now(group->finish(group->enter(in), false));
      };
      x = i + 1 < groups.size() ? nn::recompute(rest, groups[i]->parameters(), x) : rest(x);
    }
    return x;
  }

  AirbenchOptions options_;
  Conv whiten_;
  std::shared_ptr<Groups> groups_;
  std::shared_ptr<torch::nn::LinearImpl> head_;
};

}  // namespace

void describe(AirbenchOptions& options, config::Fields& fields) {
  fields("widths", options.widths, "channels of each group; one group a number").positive();
  fields("convolutions", options.convolutions,
         "of each group; the last of 3 has a shortcut around it and the one before")
      .in(2, 3);
  fields("activation", options.activation, "after the first convolution and after each norm");
  fields("scaling_factor", options.scaling_factor, "factor on the logits").positive();
  fields("batchnorm_momentum", options.batchnorm_momentum,
         "share of the new batch in the running statistics, as PyTorch counts it")
      .in(0, 1);
  fields("whiten", options.whiten,
         "compute the first filters from training patches and freeze them; false learns them");
}

std::shared_ptr<Model> build_airbench(const AirbenchOptions& options, const ModelContext& context) {
  if (options.widths.empty())
    throw ConfigError("model airbench: widths is empty. Name the channels of at least one group.");
  for (const int64_t width : options.widths)
    if (width < 1)
      throw ConfigError(fmt::format("model airbench: widths holds {}; each is at least 1.", width));
  constexpr size_t kMostGroups = 16;
  if (options.widths.size() > kMostGroups)
    throw ConfigError(fmt::format("model airbench: widths has {} groups; at most {} are possible.",
                                  options.widths.size(), kMostGroups));
  const int64_t side = smallest_side(options.widths.size());
  check_context("airbench", context, {.height = side, .width = side});
  return std::make_shared<Airbench>(options, context);
}

ModelTable::Rows airbench_rows() {
  const AirbenchOptions larger{
      .widths = {128, 512, 512}, .convolutions = 3, .batchnorm_momentum = 0.1};
  return {ModelTable::row<AirbenchOptions>(
              "airbench", "small network for 32x32 images that trains in seconds on a GPU",
              build_airbench),
          ModelTable::row<AirbenchOptions>(
              "airbench96", "larger network for 32x32 images that reaches 96 % on CIFAR-10",
              build_airbench, larger)};
}

at::Tensor whitening_filters(const at::Tensor& images, double eps) {
  STOKER_CHECK(images.dim() == 4 && images.size(0) > 0, "dimensions={}", images.dim());
  const int64_t channels = images.size(1);
  const int64_t patch = channels * kWhitenKernel * kWhitenKernel;
  const auto options = images.options().dtype(at::kDouble);
  at::Tensor moment = at::zeros({patch, patch}, options);
  int64_t patches = 0;
  constexpr int64_t kImagesAtATime = 8;  // bounds the memory of the unfolded patches
  for (const at::Tensor& chunk : images.split(kImagesAtATime)) {
    const at::Tensor columns =
        at::im2col(chunk.to(at::kDouble), {kWhitenKernel, kWhitenKernel}, {1, 1}, {0, 0}, {1, 1})
            .transpose(0, 1)
            .reshape({patch, -1});
    moment.add_(at::matmul(columns, columns.t()));
    patches += columns.size(1);
  }
  const auto [values, vectors] = at::linalg_eigh(moment / static_cast<double>(patches));
  const at::Tensor scaled = (vectors / (values + eps).sqrt()).t().flip(0);
  return at::cat({scaled, -scaled})
      .reshape({2 * patch, channels, kWhitenKernel, kWhitenKernel})
      .to(at::kFloat);
}

}  // namespace stoker::models
