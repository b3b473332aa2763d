// DLA (Yu et al., "Deep Layer Aggregation", 2018): blocks in binary trees, whose roots join what
// the branches below them gave. timm's parameter names.
#include <ATen/ops/cat.h>
#include <ATen/ops/flatten.h>
#include <ATen/ops/max_pool2d.h>

#include <array>
#include <string>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu;

struct DlaDesign {
  std::array<int64_t, 4> levels;  // of the trees
  std::array<int64_t, 4> widths;
  bool bottleneck = true;
  bool adds_shortcut = false;  // in the roots
  // Of bottlenecks with groups, the groups and the width of each for 64 channels that come out.
  int64_t groups = 1, group_width = 64;
};

struct DlaBlockShape {
  int64_t in = 0, out = 0, stride = 1;
};

class DlaBlock : public Layer {
 public:
  DlaBlock(const DlaBlockShape& shape, const DlaDesign& design) {
    if (!design.bottleneck) {
      add({.in = shape.in, .out = shape.out, .kernel = 3, .stride = shape.stride});
      add({.in = shape.out, .out = shape.out, .kernel = 3});
      return;
    }
    constexpr int64_t kUnit = 64;
    const int64_t mid = shape.out * design.group_width / kUnit * design.groups / 2;
    add({.in = shape.in, .out = mid});
    add({.in = mid, .out = mid, .kernel = 3, .stride = shape.stride, .groups = design.groups});
    add({.in = mid, .out = shape.out});
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override { return forward(x, x, keep); }
  at::Tensor forward(const at::Tensor& x, const at::Tensor& shortcut, bool keep) {
    Chain chain(x, keep);
    for (size_t i = 0; i + 1 < convs_.size(); ++i) chain.conv(convs_[i]).norm(norms_[i], kRelu);
    return chain.conv(convs_.back()).join(norms_.back(), kRelu, shortcut, 0, is_training());
  }

 private:
  void add(const ConvShape& shape) {
    const std::string number = std::to_string(convs_.size() + 1);
    convs_.push_back(register_module("conv" + number, make_conv(shape)));
    norms_.push_back(register_module("bn" + number, make_norm(shape.out)));
  }

  std::vector<Conv> convs_;
  std::vector<Norm> norms_;
};

// Joins branches by their channels.
class DlaRoot : public torch::nn::Module {
 public:
  DlaRoot(int64_t in, int64_t out, bool adds_shortcut)
      : adds_shortcut_(adds_shortcut),
        conv_(register_module("conv", make_conv({.in = in, .out = out}))),
        norm_(register_module("bn", make_norm(out))) {}

  at::Tensor forward(const std::vector<at::Tensor>& branches, bool keep) {
    Chain chain(at::cat(branches, 1), keep);
    chain.conv(conv_);
    return adds_shortcut_ ? chain.join(norm_, kRelu, branches.front(), 0, is_training())
                          : chain.norm(norm_, kRelu).now();
  }

 private:
  bool adds_shortcut_;
  Conv conv_;
  Norm norm_;
};

struct DlaTreeShape {
  int64_t levels = 1;
  DlaBlockShape block;
  bool joins_input = false;  // pooled as the blocks' stride asks
  int64_t more = 0;          // channels that come from trees above
};

// Figure 3 (c) of the paper: two subtrees, or blocks and the root at the lowest level.
class DlaTree : public Layer {
 public:
  DlaTree(const DlaTreeShape& shape, const DlaDesign& design)
      : stride_(shape.block.stride), joins_input_(shape.joins_input) {
    const auto [in, out, stride] = shape.block;
    const int64_t more = shape.more + (joins_input_ ? in : 0);
    const DlaBlockShape second{out, out, 1};
    if (shape.levels > 1) {
      tree1_ = register_module(
          "tree1", std::make_shared<DlaTree>(
                       DlaTreeShape{.levels = shape.levels - 1, .block = shape.block}, design));
      tree2_ = register_module(
          "tree2",
          std::make_shared<DlaTree>(
              DlaTreeShape{.levels = shape.levels - 1, .block = second, .more = more + out},
              design));
      return;
    }
    block1_ = register_module("tree1", std::make_shared<DlaBlock>(shape.block, design));
    block2_ = register_module("tree2", std::make_shared<DlaBlock>(second, design));
    root_ = register_module("root",
                            std::make_shared<DlaRoot>(2 * out + more, out, design.adds_shortcut));
    if (in == out) return;
    const auto project = register_module("project", std::make_shared<torch::nn::Module>());
    project_ = project->register_module("0", make_conv({.in = in, .out = out}));
    project_norm_ = project->register_module("1", make_norm(out));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override { return forward(x, {}, keep); }
  // joined: what the root takes beside its own two branches.
  at::Tensor forward(const at::Tensor& x, std::vector<at::Tensor> joined, bool keep) {
    const at::Tensor pooled = stride_ > 1 ? halved(x) : x;
    if (joins_input_) joined.push_back(pooled);
    if (tree1_) {
      const at::Tensor first = tree1_->forward(x, {}, keep);
      joined.push_back(first);
      return tree2_->forward(first, std::move(joined), keep);
    }
    const at::Tensor shortcut =
        project_ ? project_norm_->forward(convolve(*project_, pooled)) : pooled;
    const at::Tensor first = block1_->forward(x, shortcut, keep);
    std::vector<at::Tensor> branches{block2_->forward(first, keep), first};
    branches.insert(branches.end(), joined.begin(), joined.end());
    return root_->forward(branches, keep);
  }

 private:
  // As large as what the convolutions give; timm refuses odd sizes, of which it drops a row.
  static at::Tensor halved(const at::Tensor& x) {
    return at::max_pool2d(x, {2, 2}, {2, 2}, {0, 0}, /*dilation=*/{1, 1}, /*ceil_mode=*/true);
  }

  int64_t stride_;
  bool joins_input_;
  std::shared_ptr<DlaTree> tree1_, tree2_;
  std::shared_ptr<DlaBlock> block1_, block2_;
  std::shared_ptr<DlaRoot> root_;
  Conv project_;
  Norm project_norm_;
};

std::shared_ptr<Model> build_dla(const DlaDesign& design, const NetworkOptions& options,
                                 const ModelContext& context) {
  constexpr int64_t kStem = 16, kWidened = 32;
  auto network = std::make_shared<Network>(options);
  network->add_conv("base_layer.0", {.in = context.channels, .out = kStem, .kernel = 7},
                    "base_layer.1", kRelu);
  network->add_conv("level0.0", {.in = kStem, .out = kStem, .kernel = 3}, "level0.1", kRelu);
  network->add_conv("level1.0", {.in = kStem, .out = kWidened, .kernel = 3, .stride = 2},
                    "level1.1", kRelu);
  int64_t channels = kWidened;
  for (size_t i = 0; i < design.levels.size(); ++i) {
    network->add(fmt::format("level{}", i + 2),
                 std::make_shared<DlaTree>(DlaTreeShape{.levels = design.levels[i],
                                                        .block = {channels, design.widths[i], 2},
                                                        .joins_input = i > 0},
                                           design));
    channels = design.widths[i];
  }
  network->pool();
  network->dropout(options.dropout);
  network->add_conv("fc", {.in = channels, .out = context.classes}, nn::Activation::kIdentity);
  network->end_with("fc");
  network->add([](const at::Tensor& x, bool) { return at::flatten(x, 1); });
  initialize(*network, {.filters = Filters::kFanOut});
  return network;
}

}  // namespace

ModelTable::Rows dla_rows() {
  const auto row = [](std::string_view name, std::string_view help, const DlaDesign& design) {
    return ModelTable::row<NetworkOptions>(
        name, help, [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, {});
          check_drops_nothing(name, options);
          return build_dla(design, options, context);
        });
  };
  constexpr std::array<int64_t, 4> kCompact{64, 64, 128, 256}, kFull{128, 256, 512, 1024};
  constexpr DlaDesign basic{{1, 2, 2, 1}, {64, 128, 256, 512}, /*bottleneck=*/false};
  return {
      row("dla34", "DLA of 34 layers", basic),
      row("dla46_c", "DLA of 46 layers, compact", {{1, 2, 2, 1}, kCompact}),
      row("dla46x_c", "DLA of 46 layers, compact, with groups",
          {{1, 2, 2, 1}, kCompact, true, false, 32, 4}),
      row("dla60x_c", "DLA of 60 layers, compact, with groups",
          {{1, 2, 3, 1}, kCompact, true, false, 32, 4}),
      row("dla60", "DLA of 60 layers", {{1, 2, 3, 1}, kFull}),
      row("dla60x", "DLA of 60 layers with groups", {{1, 2, 3, 1}, kFull, true, false, 32, 4}),
      row("dla102", "DLA of 102 layers", {{1, 3, 4, 1}, kFull, true, true}),
      row("dla102x", "DLA of 102 layers with groups", {{1, 3, 4, 1}, kFull, true, true, 32, 4}),
      row("dla102x2", "DLA of 102 layers with twice the groups",
          {{1, 3, 4, 1}, kFull, true, true, 64, 4}),
      row("dla169", "DLA of 169 layers", {{2, 3, 5, 1}, kFull, true, true}),
  };
}

}  // namespace stoker::models
