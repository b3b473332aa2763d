// A network of four blocks of different sizes, with a convolution before and a classifier behind
// them, and a training of it as each rank makes its part.
#pragma once

#include <ATen/ops/conv2d.h>
#include <ATen/ops/flatten.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tanh.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "stoker/models/model.h"

namespace stoker::test {

class Block : public torch::nn::Module {
 public:
  explicit Block(int64_t hidden)
      : in_(register_parameter("in", at::randn({hidden, 45}) * 0.1)),
        bias_(register_parameter("bias", at::randn({hidden}) * 0.1)),
        out_(register_parameter("out", at::randn({45, hidden}) * 0.1)) {}

  at::Tensor forward(const at::Tensor& x) {
    if (fails) throw std::runtime_error("a block fails");
    return x + at::linear(at::tanh(at::linear(x, in_, bias_)), out_);
  }
  int64_t hidden() const { return bias_.numel(); }
  bool fails = false;

 private:
  at::Tensor in_, bias_, out_;
};

class BlocksModel : public models::Model {
 public:
  BlocksModel() {
    const at::Tensor filters =
        (at::randn({5, 3, 2, 2}) * 0.2).contiguous(at::MemoryFormat::ChannelsLast);
    stem_ = register_parameter("stem", filters);
    for (const int64_t hidden : {7, 16, 33, 3})
      blocks.push_back(
          register_module("block" + std::to_string(hidden), std::make_shared<Block>(hidden)));
    head_ = register_parameter("head", at::randn({4, 45}) * 0.1);
  }

  at::Tensor forward(const at::Tensor& images) override {
    at::Tensor x = at::flatten(at::conv2d(images, stem_), 1);
    for (const auto& block : blocks) x = run_block(block, x, block == blocks.back());
    return at::linear(x, head_);
  }
  std::vector<models::Segment> segments() override {
    std::vector<models::Segment> segments{{{"stem"}, [this](const at::Tensor& images) {
                                             return at::flatten(at::conv2d(images, stem_), 1);
                                           }}};
    for (const auto& block : blocks) {
      const std::string name = "block" + std::to_string(block->hidden()) + ".";
      segments.push_back({{name}, [this, block](const at::Tensor& x) {
                            return run_block(block, x, block == blocks.back());
                          }});
    }
    segments.push_back({{"head"}, [this](const at::Tensor& x) { return at::linear(x, head_); }});
    return segments;
  }
  std::vector<models::Recompute> recompute_rungs() const override {
    return {models::Recompute::kNone, models::Recompute::kBlocks};
  }
  std::string head() const override { return "head"; }
  static models::ModelContext context() { return {.classes = 4, .height = 4, .width = 4}; }

  std::vector<std::shared_ptr<Block>> blocks;

 private:
  at::Tensor stem_, head_;
};

}  // namespace stoker::test
