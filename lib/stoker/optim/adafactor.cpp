// Adafactor: Adam without a mean, whose second moment of a matrix is the outer product of one of
// its rows and one of its columns (Shazeer & Stern, "Adafactor: adaptive learning rates with
// sublinear memory cost", ICML 2018), as torch.optim.Adafactor computes it. Filters are matrices
// [out, in h w] here, where torch factors each kernel by itself.
//
//   a = max(eps2, rms(p)) min(lr, 1 / sqrt(t));  s = t^beta2_decay
//   R = (1 - s) R + s mean over columns of g^2;  C the same over rows;  V = R C / mean(R)
//   u = g / sqrt(V);  p -= lr weight_decay p;  p -= a / max(1, rms(u) / d) u
#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <utility>

#include "stoker/optim/list_step.h"

namespace stoker::optim {
namespace {

struct AdafactorOptions {
  double lr = 0.01;
  double beta2_decay = -0.8;
  double eps = 1.1920928955078125e-07;  // the step of float32 at 1
  double eps2 = 1e-3;
  double d = 1;
};

void describe(AdafactorOptions& o, config::Fields& fields) {
  fields("lr", o.lr,
         "peak rate, relative to the size of a tensor's values; the schedule multiplies it")
      .positive();
  fields("beta2_decay", o.beta2_decay,
         "power of the step that a new square counts with: nearer to 0 forgets faster")
      .in(-1, 0);
  fields("eps", o.eps, "smallest root mean square of gradients").at_least(1e-18);
  fields("eps2", o.eps2, "smallest size of a tensor's values that the rate is relative to")
      .positive();
  fields("d", o.d, "largest root mean square of an update").at_least(1);
}

bool is_matrix(const at::Tensor& parameter) { return parameter.dim() > 1; }

at::Tensor make_row(const at::Tensor& parameter) {
  if (!is_matrix(parameter)) return {};
  return at::zeros({parameter.size(0), 1}, parameter.options());
}

at::Tensor make_column(const at::Tensor& parameter) {
  if (!is_matrix(parameter)) return {};
  return at::zeros({1, parameter.numel() / parameter.size(0)}, parameter.options());
}

at::Tensor make_variance(const at::Tensor& parameter) {
  return is_matrix(parameter) ? at::Tensor() : at::zeros_like(parameter);
}

// Root mean squares, float64 [n].
at::Tensor sizes_of(at::TensorList list) {
  std::vector<double> roots;
  for (const at::Tensor& tensor : list)
    roots.push_back(std::sqrt(static_cast<double>(tensor.numel())));
  const at::Tensor norms = norms_of(list);
  return norms / at::tensor(roots, norms.options());
}

class Adafactor final : public FusedOptimizer {
 public:
  Adafactor(const AdafactorOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr,
                       {{.name = "row_var", .make = make_row},
                        {.name = "col_var", .make = make_column},
                        {.name = "variance", .make = make_variance},
                        {.name = "step", .shape = Shape::kScalar}}),
        options_(options) {}
  bool is_elementwise() const override { return false; }

 private:
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    std::vector<at::Tensor> moves = step.gradients(lists);
    const at::Tensor t = step.count(lists.state[3]);
    const at::Tensor shares = step.pick(at::pow(t, options_.beta2_decay), at::zeros_like(t));
    const at::Tensor rates = t.rsqrt().clamp_max(lr);
    const at::Tensor sizes = sizes_of(lists.parameters).clamp_min(options_.eps2);
    step.scale(lists.parameters, 1 - lr * weight_decay);
    for (size_t i = 0; i < moves.size(); ++i) {
      const at::Tensor share = shares[static_cast<int64_t>(i)].to(moves[i].scalar_type());
      const at::Tensor variance = is_matrix(moves[i])
                                      ? factored(moves[i], lists, i, share).view_as(moves[i])
                                      : plain(moves[i], lists, i, share);
      moves[i].mul_(variance.clamp_min_(options_.eps * options_.eps).rsqrt_());
    }
    scale_each(moves, rates * sizes / (sizes_of(moves) / options_.d).clamp_min(1));
    step.move(lists.parameters, moves, 1);
  }

  // The squares' estimate, [out, the rest].
  at::Tensor factored(const at::Tensor& gradient, const Lists& lists, size_t i,
                      const at::Tensor& share) const {
    const at::Tensor squares = gradient.reshape({gradient.size(0), -1}).square();
    const at::Tensor& row = lists.state[0][i];
    const at::Tensor& column = lists.state[1][i];
    row.lerp_(squares.mean(1, /*keepdim=*/true), share);
    column.lerp_(squares.mean(0, /*keepdim=*/true), share);
    return at::matmul(row, column).div_(row.mean().clamp_min(options_.eps));
  }

  static at::Tensor plain(const at::Tensor& gradient, const Lists& lists, size_t i,
                          const at::Tensor& share) {
    const at::Tensor& variance = lists.state[2][i];
    variance.lerp_(gradient.square(), share);
    return variance.clone();
  }

  AdafactorOptions options_;
};

std::unique_ptr<Optimizer> make_adafactor(const AdafactorOptions& options,
                                          std::vector<ParameterGroup> groups) {
  return std::make_unique<Adafactor>(options, std::move(groups));
}

}  // namespace

OptimizerTable::Rows adafactor_rows() {
  return {OptimizerTable::row<AdafactorOptions>(
      "adafactor", "Adam in next to no memory, at rates relative to the weights; decay beside it",
      make_adafactor)};
}

}  // namespace stoker::optim
