// The arithmetic that optimizers without a kernel of their own are written in: one multi-tensor
// kernel a line, over all parameters of a list, on the CPU and on a GPU.
//
//   const ListStep step(options);
//   std::vector<at::Tensor> g = step.gradients(lists, weight_decay);
//   step.average(exp_avg, g, beta1);
//   step.move(lists.parameters, exp_avg, lr);
//
// Where a scaler's found_inf says that the update is to be left out, gradients are zero and each of
// these leaves what it works on as it was, without the host having to know.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "stoker/optim/fused.h"

namespace stoker::optim {

class ListStep {
 public:
  explicit ListStep(const StepOptions& options);

  // Copies of the lists' gradients, divided by the scaler's scale, plus coupled_decay times the
  // parameters.
  std::vector<at::Tensor> gradients(const TensorLists& lists, double coupled_decay = 0) const;
  // list = factor list
  void scale(at::TensorList list, double factor) const;
  // list = keep list + share values, of values that are zero in an update that is left out
  void accumulate(at::TensorList list, at::TensorList values, double keep, double share = 1) const;
  // The same with 1 - keep.
  void average(at::TensorList list, at::TensorList values, double keep) const {
    accumulate(list, values, keep, 1 - keep);
  }
  // parameters = parameters - rate deltas. Spoils the deltas.
  void move(at::TensorList parameters, at::TensorList deltas, double rate) const;
  // Counts one more in each; returns the counts, at least 1, as float64 [n].
  at::Tensor count(at::TensorList steps) const;
  // list = list, or zero in an update that is left out; of finite values.
  void mask(at::TensorList list) const;
  // `one` where the update is made, `other` where it is left out; of one dtype.
  at::Tensor pick(const at::Tensor& one, const at::Tensor& other) const;

 private:
  const StepOptions& options_;
  at::Tensor is_left_out_;  // bool []; undefined: the update is made
};

// One factor a tensor: list[i] *= factors[i], of float64 [n].
void scale_each(at::TensorList list, const at::Tensor& factors);
// list[i] += terms[i]
void add_each(at::TensorList list, const at::Tensor& terms);
// Euclidean norms, float64 [n].
at::Tensor norms_of(at::TensorList list);

}  // namespace stoker::optim
