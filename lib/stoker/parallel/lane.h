// Tensors of any shape, from stage to stage of a pipeline in one direction.
//
//   lane.begin_micro_batch();
//   lane.send(x, next);                       // goes on while this rank computes
//   const at::Tensor y = lane.receive(previous);   // in the memory layout that it had there
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <memory>

#include "stoker/dist/group.h"

namespace stoker::parallel {

class Lane {
 public:
  // most: micro-batches at most whose tensors are under way, so that of those before it is known
  // that they have been received. stages must outlive it.
  Lane(dist::Group& stages, at::Device device, int64_t most)
      : stages_(stages), device_(device), most_(most) {}

  void begin_micro_batch();
  // Undefined ones too. The tensor must not change until it is received.
  void send(const at::Tensor& tensor, int64_t to);
  at::Tensor receive(int64_t from);
  // Waits for all that is under way.
  void finish();

  double wait_s() const { return wait_s_; }  // for what other stages were to send, in all

 private:
  void settle(int64_t last);

  struct Sent {
    int64_t micro_batch = 0;
    std::unique_ptr<dist::Pending> pending;
  };
  dist::Group& stages_;
  at::Device device_;
  int64_t most_, micro_batch_ = 0;
  std::deque<Sent> sent_;
  double wait_s_ = 0;
};

}  // namespace stoker::parallel
