// What the trainer asks of a network, and the table of those it can build.
//
//   ModelContext context{.classes = 10, .channels = 3, .height = 32, .width = 32};
//   std::shared_ptr<Model> model = models().build(options.model, context);
//   at::Tensor logits = model->forward(images);  // [N, classes]
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/config/choice.h"
#include "stoker/models/transfer.h"
#include "stoker/nn/block_gate.h"

namespace stoker::models {

struct ModelContext {
  int64_t classes = 0;
  int64_t channels = 3;
  int64_t height = 0;
  int64_t width = 0;
  // Side of the first convolution's kernel in the weights that are to be loaded; 0: none are, or it
  // is not known.
  int64_t stem_kernel = 0;
};

// Which intermediate results the backward pass makes again instead of finding them kept
// (nn/recompute.h). Each rung keeps less than the one before; results are the same bits.
enum class Recompute {
  kNone,
  kNorms,   // what stands between a norm and the layer that takes it: nearly free
  kBlocks,  // all within a block beside that, for about a third more computation
};
std::span<const std::string_view> enum_names(Recompute);  // none, norms, blocks

// A learned embedding of positions, or a table of biases by distance, which is resized where
// weights were made for other images: [1, prefix + height * width, …], [height * width, heads], or
// [heads, height, width].
struct PositionGrid {
  std::string name;    // of the parameter
  int64_t prefix = 0;  // rows before the grid's, of tokens that have no place in the image
  int64_t height = 0;
  int64_t width = 0;
};

// A piece of a network, and how the names of its parameters and buffers begin.
struct Segment {
  std::vector<std::string> prefixes;
  nn::BlockGate::Piece run;
};

class Model : public torch::nn::Module {
 public:
  // images: [N, channels, height, width] in the run's dtype, any memory format.
  // Returns logits [N, classes].
  virtual at::Tensor forward(const at::Tensor& images) = 0;

  // forward() in pieces, each of which takes what the one before it gave: where a pipeline may cut
  // it. Nothing where it cannot be cut.
  virtual std::vector<Segment> segments() { return {}; }

  // Whether forward() takes images of other sizes than the context's.
  virtual bool takes_any_size() const { return false; }

  // The rungs that make a difference, from kNone on, in their order.
  virtual std::vector<Recompute> recompute_rungs() const { return {Recompute::kNone}; }
  // For passes to come: the last of recompute_rungs() that is not beyond `rung`. Passes without
  // gradients are the same on each.
  void set_recompute(Recompute rung);
  Recompute recompute() const { return recompute_; }

  // What blocks are run through: all parameters are at hand unless somebody sets another.
  nn::BlockGate& gate() const { return *gate_; }
  void set_gate(std::shared_ptr<nn::BlockGate> gate) { gate_ = std::move(gate); }

  // Number of training images that initialize() wants to see; 0 if none.
  virtual int64_t initialization_images() const { return 0; }
  // Sets weights that are computed from data: images [n, C, H, W] float32, augmented as for
  // evaluation. Called once, before the first step, on the model's device.
  virtual void initialize(const at::Tensor& images) { (void)images; }

  // What the plan of a run says of the network besides its name: "stem imagenet"; mostly "".
  virtual std::string notes() const { return ""; }

  // Parameter-name prefix of the classifier ("fc."), for fine-tuning on other classes; "" where the
  // model does not know it.
  virtual std::string head() const = 0;

  // Name of the convolution's weight that sees the images' channels, and the embeddings of
  // positions: what weights made for other images are fitted to.
  virtual std::string stem() const { return ""; }
  virtual std::vector<PositionGrid> position_grids() const { return {}; }

  // Layers from the images to the classifier, each the prefixes of its parameters' names ("conv1.",
  // "bn1."), for rates that fall with the depth. Unless overridden: one a child with parameters, in
  // the order of registration.
  virtual std::vector<std::vector<std::string>> layers() const;

 protected:
  // forward() of those that have segments.
  at::Tensor run_segments(const at::Tensor& images);

  // piece(x) through the gate, computed again in the backward pass by kBlocks; the last block would
  // be the first of the backward pass, so that this would free nothing.
  at::Tensor run_block(const nn::BlockGate::Piece& piece,
                       const nn::BlockGate::Parameters& parameters, const at::Tensor& x,
                       bool is_last) const;
  template <class Block>
  at::Tensor run_block(const std::shared_ptr<Block>& block, const at::Tensor& x,
                       bool is_last) const {
    return run_block([block](const at::Tensor& in) { return block->forward(in); },
                     [block] { return block->parameters(); }, x, is_last);
  }
  // One segment a block, whose parameters' names begin with `path` and its number.
  template <class Block>
  void add_blocks(std::vector<Segment>& segments, const std::string& path,
                  const std::vector<std::shared_ptr<Block>>& blocks,
                  bool ends_with_last = true) const {
    for (size_t i = 0; i < blocks.size(); ++i) {
      const bool is_last = ends_with_last && i + 1 == blocks.size();
      segments.push_back({{path + std::to_string(i) + "."},
                          [this, block = blocks[i], is_last](const at::Tensor& x) {
                            return run_block(block, x, is_last);
                          }});
    }
  }
  // The same of stages of blocks, each with what leads to it ("downsample").
  template <class Stage>
  void add_stages(std::vector<Segment>& segments, const std::string& path,
                  const std::vector<std::shared_ptr<Stage>>& stages) const {
    for (size_t s = 0; s < stages.size(); ++s) {
      const std::string name = path + std::to_string(s) + ".";
      if (stages[s]->named_children().contains("downsample")) {
        segments.push_back({{name + "downsample."},
                            [stage = stages[s]](const at::Tensor& x) { return stage->enter(x); }});
      }
      add_blocks(segments, name + "blocks.", stages[s]->blocks(), s + 1 == stages.size());
    }
  }

 private:
  Recompute recompute_ = Recompute::kNone;
  std::shared_ptr<nn::BlockGate> gate_ = std::make_shared<nn::OpenGate>();
};

// Every row has the TransferOptions of transfer.h beside its own:
// options.model.common<TransferOptions>().
using ModelTable = config::Table<std::shared_ptr<Model>(const ModelContext&)>;
const ModelTable& models();

}  // namespace stoker::models
