// What stands before and behind each block of a network, for those who do not keep the parameters
// of all blocks at hand all the time.
//
//   y = gate.run([&] { return block->parameters(); },
//                [&](const at::Tensor& x) { return block->forward(x); }, x);
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace stoker::nn {

class BlockGate {
 public:
  using Piece = std::function<at::Tensor(const at::Tensor&)>;
  using Parameters = std::function<std::vector<at::Tensor>()>;

  virtual ~BlockGate() = default;

  // piece(x), which uses the parameters, which nothing else uses. Blocks of a pass come in the same
  // order each time.
  virtual at::Tensor run(const Parameters& parameters, const Piece& piece, const at::Tensor& x) = 0;

  // Of forward passes without gradients, of which ranks have different numbers to make:
  // begin_passes() before the first, catch_up() after the last, or the one that an error ended,
  // with the largest number of all ranks.
  virtual void begin_passes() {}
  virtual void catch_up(int64_t passes) { (void)passes; }
};

// All parameters are at hand.
class OpenGate : public BlockGate {
 public:
  at::Tensor run(const Parameters&, const Piece& piece, const at::Tensor& x) override {
    return piece(x);
  }
};

}  // namespace stoker::nn
