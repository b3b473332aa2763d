// Weights that stand in for a model's own while it is evaluated: averages of those that training
// had. Floating-point parameters and buffers, by the model's names.
//
//   StandInWeights averages(model);
//   averages.move_towards_model(0.001);
//   averages.put_in();   // evaluate
//   averages.take_out();
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"

namespace stoker::algorithms {

class StandInWeights {
 public:
  // As the model is. Shares the model's tensors, which must stay what they are.
  explicit StandInWeights(const models::Model& model);

  // average += share (weight - average)
  void move_towards_model(double share);
  void copy_from_model();
  // Puts the averages into the model, and what it had aside; the inverse, which does nothing where
  // nothing was put in. Where memory runs out nothing has changed.
  void put_in();
  void take_out();

  optim::NamedTensors named() const;  // live

 private:
  std::vector<std::string> names_;
  std::vector<at::Tensor> weights_, averages_, own_;
};

}  // namespace stoker::algorithms
