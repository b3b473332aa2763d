// Copies of a run's tensors in host memory that is kept from one checkpoint to the next.
//
//   Snapshot snapshot;
//   writer.save(snapshot.take(capture(state, algorithms)));   // training goes on meanwhile
//
// Costs the size of a checkpoint in host memory, page-locked where the tensors are on a GPU.
#pragma once

#include "stoker/train/checkpoint.h"

namespace stoker::train {

class Snapshot {
 public:
  // Copies the tensors of `live`, in their own layout. What is returned is valid until the next
  // call; names, dtypes and sizes that stay the same cost no memory then.
  const CheckpointContent& take(CheckpointContent live);

 private:
  CheckpointContent kept_;
};

}  // namespace stoker::train
