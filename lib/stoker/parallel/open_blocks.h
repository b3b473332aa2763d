// Opens the parameters of a block for its forward and its backward pass, and those of the block
// after it ahead of time.
//
//   forward:   open 0, begin 1 | run 0 | close 0, open 1, begin 2 | run 1 | …
//   backward:  … open 1, begin 0 | run 1 | close 1, open 0 | run 0
//
// The last block stays open between its two passes, and with `reshard` false all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "stoker/nn/block_gate.h"
#include "stoker/parallel/flat_unit.h"

namespace stoker::parallel {

class OpenBlocks : public nn::BlockGate {
 public:
  // units: of blocks in the order of the forward pass; they must outlive it.
  OpenBlocks(std::vector<FlatUnit*> units, bool reshard);

  at::Tensor run(const Parameters& parameters, const Piece& piece, const at::Tensor& x) override;
  void begin_passes() override { passes_ = 0; }
  void catch_up(int64_t passes) override;

  // Before the backward pass of a block.
  void enter_backward(size_t block);
  void close_all();

 private:
  std::optional<size_t> block_of(const std::vector<at::Tensor>& parameters) const;
  void enter_forward(size_t block);

  std::vector<FlatUnit*> units_;
  std::unordered_map<const void*, size_t> block_of_;  // by parameters
  bool reshard_;
  size_t next_ = 0;     // block of the pass under way
  int64_t passes_ = 0;  // since begin_passes()
};

}  // namespace stoker::parallel
