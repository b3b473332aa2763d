// Inception-v3 (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016)
// without the auxiliary classifier, with torchvision's and timm's parameter names.
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/max_pool2d.h>

#include <string>
#include <utility>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"

namespace stoker::models {
namespace {

constexpr nn::BatchNormOptions kInceptionNorm{.eps = 1e-3};

struct InceptionUnit {
  std::string name;
  int64_t out, height = 1, width = 1, stride = 1;
};

// Whether a pooling of 3x3 comes first.
enum class InceptionEntry { kPlain, kAverage, kMaximum };
// Convolutions one after the other, whose output may go through several more side by side.
struct InceptionBranch {
  InceptionEntry entry = InceptionEntry::kPlain;
  std::vector<InceptionUnit> units;
  std::vector<InceptionUnit> fork = {};
};

ConvShape inception_shape(const InceptionUnit& unit, int64_t in) {
  return {.in = in,
          .out = unit.out,
          .kernel = unit.height,
          .stride = unit.stride,
          .padding = unit.stride > 1 ? 0 : -1,
          .kernel_width = unit.width};
}

// Figures 5 to 7 and 10 of the paper: branches side by side, joined by their channels.
class InceptionMixed : public Layer {
 public:
  InceptionMixed(int64_t in, const std::vector<InceptionBranch>& branches) {
    for (const InceptionBranch& branch : branches) {
      Path& path = paths_.emplace_back();
      path.entry = branch.entry;
      int64_t channels = in;
      for (const InceptionUnit& unit : branch.units) {
        path.units.push_back(add(unit, channels));
        channels = unit.out;
      }
      out_ += branch.fork.empty() ? channels : 0;
      for (const InceptionUnit& unit : branch.fork) {
        path.fork.push_back(add(unit, channels));
        out_ += unit.out;
      }
    }
  }

  int64_t out() const { return out_; }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    std::vector<at::Tensor> made;
    for (const Path& path : paths_) {
      at::Tensor y = entered(path, x);
      Chain chain(y, keep);
      for (const Pair& unit : path.units) chain.conv(unit.conv).norm(unit.norm, kRelu);
      y = chain.now();
      if (path.fork.empty()) made.push_back(y);
      for (const Pair& unit : path.fork)
        made.push_back(Chain(y, keep).conv(unit.conv).norm(unit.norm, kRelu).now());
    }
    return at::cat(made, 1);
  }

 private:
  static constexpr nn::Activation kRelu = nn::Activation::kRelu;

  struct Pair {
    Conv conv;
    Norm norm;
  };
  struct Path {
    InceptionEntry entry = InceptionEntry::kPlain;
    std::vector<Pair> units, fork;
  };

  Pair add(const InceptionUnit& unit, int64_t in) {
    const auto parent = register_module(unit.name, std::make_shared<torch::nn::Module>());
    return {parent->register_module("conv", make_conv(inception_shape(unit, in))),
            parent->register_module("bn", make_norm(unit.out, kInceptionNorm))};
  }

  static at::Tensor entered(const Path& path, const at::Tensor& x) {
    if (path.entry == InceptionEntry::kAverage) return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1});
    if (path.entry == InceptionEntry::kMaximum) return at::max_pool2d(x, {3, 3}, {2, 2});
    return x;
  }

  std::vector<Path> paths_;
  int64_t out_ = 0;
};

std::vector<InceptionBranch> mixed_small(int64_t pooled) {  // figure 5
  return {{.units = {{"branch1x1", 64}}},
          {.units = {{"branch5x5_1", 48}, {"branch5x5_2", 64, 5, 5}}},
          {.units = {{"branch3x3dbl_1", 64},
                     {"branch3x3dbl_2", 96, 3, 3},
                     {"branch3x3dbl_3", 96, 3, 3}}},
          {InceptionEntry::kAverage, {{"branch_pool", pooled}}}};
}

std::vector<InceptionBranch> mixed_first_reduction() {  // figure 10
  return {{.units = {{"branch3x3", 384, 3, 3, 2}}},
          {.units = {{"branch3x3dbl_1", 64},
                     {"branch3x3dbl_2", 96, 3, 3},
                     {"branch3x3dbl_3", 96, 3, 3, 2}}},
          {InceptionEntry::kMaximum, {}}};
}

std::vector<InceptionBranch> mixed_factored(int64_t width) {  // figure 6
  return {
      {.units = {{"branch1x1", 192}}},
      {.units = {{"branch7x7_1", width}, {"branch7x7_2", width, 1, 7}, {"branch7x7_3", 192, 7, 1}}},
      {.units = {{"branch7x7dbl_1", width},
                 {"branch7x7dbl_2", width, 7, 1},
                 {"branch7x7dbl_3", width, 1, 7},
                 {"branch7x7dbl_4", width, 7, 1},
                 {"branch7x7dbl_5", 192, 1, 7}}},
      {InceptionEntry::kAverage, {{"branch_pool", 192}}}};
}

std::vector<InceptionBranch> mixed_second_reduction() {
  return {{.units = {{"branch3x3_1", 192}, {"branch3x3_2", 320, 3, 3, 2}}},
          {.units = {{"branch7x7x3_1", 192},
                     {"branch7x7x3_2", 192, 1, 7},
                     {"branch7x7x3_3", 192, 7, 1},
                     {"branch7x7x3_4", 192, 3, 3, 2}}},
          {InceptionEntry::kMaximum, {}}};
}

std::vector<InceptionBranch> mixed_forked() {  // figure 7
  return {{.units = {{"branch1x1", 320}}},
          {.units = {{"branch3x3_1", 384}},
           .fork = {{"branch3x3_2a", 384, 1, 3}, {"branch3x3_2b", 384, 3, 1}}},
          {.units = {{"branch3x3dbl_1", 448}, {"branch3x3dbl_2", 384, 3, 3}},
           .fork = {{"branch3x3dbl_3a", 384, 1, 3}, {"branch3x3dbl_3b", 384, 3, 1}}},
          {InceptionEntry::kAverage, {{"branch_pool", 192}}}};
}

// Returns the channels that come out.
int64_t add_inception_stem(Network& network, int64_t channels) {
  const auto add = [&](const std::string& name, int64_t out, int64_t kernel, int64_t stride,
                       int64_t padding) {
    network.add_conv(
        name + ".conv",
        {.in = channels, .out = out, .kernel = kernel, .stride = stride, .padding = padding},
        name + ".bn", nn::Activation::kRelu, kInceptionNorm);
    channels = out;
  };
  add("Conv2d_1a_3x3", 32, 3, 2, 0);
  add("Conv2d_2a_3x3", 32, 3, 1, 0);
  add("Conv2d_2b_3x3", 64, 3, 1, 1);
  network.max_pool(3, 2, 0);
  add("Conv2d_3b_1x1", 80, 1, 1, 0);
  add("Conv2d_4a_3x3", 192, 3, 1, 0);
  network.max_pool(3, 2, 0);
  return channels;
}

std::shared_ptr<Model> build_inception(const NetworkOptions& options, const ModelContext& context) {
  check_context("inception_v3", context, {.height = 75, .width = 75});
  check_drops_nothing("inception_v3", options);
  const std::vector<std::pair<std::string, std::vector<InceptionBranch>>> blocks{
      {"Mixed_5b", mixed_small(32)},
      {"Mixed_5c", mixed_small(64)},
      {"Mixed_5d", mixed_small(64)},
      {"Mixed_6a", mixed_first_reduction()},
      {"Mixed_6b", mixed_factored(128)},
      {"Mixed_6c", mixed_factored(160)},
      {"Mixed_6d", mixed_factored(160)},
      {"Mixed_6e", mixed_factored(192)},
      {"Mixed_7a", mixed_second_reduction()},
      {"Mixed_7b", mixed_forked()},
      {"Mixed_7c", mixed_forked()}};
  auto network = std::make_shared<Network>(options);
  int64_t channels = add_inception_stem(*network, context.channels);
  for (const auto& [name, branches] : blocks) {
    const auto mixed = std::make_shared<InceptionMixed>(channels, branches);
    network->add(name, mixed);
    channels = mixed->out();
  }
  network->pool();
  network->classify("fc", channels, context.classes);
  initialize(*network, {.filters = Filters::kTenth, .classifier = Classifier::kTenth});
  return network;
}

}  // namespace

ModelTable::Rows inception_rows() {
  return {ModelTable::row<NetworkOptions>("inception_v3", "Inception-v3", build_inception)};
}

}  // namespace stoker::models
