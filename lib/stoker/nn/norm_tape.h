// The batch statistics that the norms of a piece of a network found, so that the piece can run
// again and its norms need not look at the batch again, nor move their running statistics twice.
//
//   NormTape tape;
//   { const NormTape::Scope first(tape, NormTape::Use::kRecord); y = piece(x); }
//   { const NormTape::Scope second(tape, NormTape::Use::kRepeat); y = piece(x); }
//
// Scopes belong to a thread and nest: within a piece that runs again, all norms repeat. Our own
// kernels (nn/fused_norm.h) take what the tape holds; LibTorch's operators, which do not let
// themselves be given statistics, find the same ones again and move a copy.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <vector>

namespace stoker::nn {

class NormTape {
 public:
  enum class Use { kRecord, kRepeat };

  class Scope {
   public:
    Scope(NormTape& tape, Use use);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    friend class NormTape;
    NormTape& tape_;
    Use use_;
    Scope* outer_;
  };

  // What a norm that measures its batch found: `measure`, which moves the running statistics too,
  // is called only where no scope of this thread repeats.
  static at::Tensor found(const std::function<at::Tensor()>& measure);
  // Whether a scope of this thread repeats: running statistics must then stay.
  static bool repeats();
  // Whether this thread runs a piece that can run again.
  static bool records();

 private:
  static at::Tensor found_in(Scope* scope, const std::function<at::Tensor()>& measure);
  at::Tensor next();

  std::vector<at::Tensor> found_;
  size_t next_ = 0;
};

}  // namespace stoker::nn
