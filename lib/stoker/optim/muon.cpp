// Muon: momentum whose matrices are made orthogonal before they move the weights, so that every
// direction of a layer learns at the same pace (Jordan et al., "Muon: an optimizer for hidden
// layers in neural networks", 2024). A filter is a matrix [out, in h w]. What is no matrix (norms,
// biases, depthwise filters, embeddings of positions), the first layer and the classifier belong to
// a second optimizer.
//
//   v = momentum v + g;  u = orthogonal(nesterov ? g + momentum v : v)
//   p -= lr weight_decay p;  p -= lr scale u
#include <ATen/cpu/Utils.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <array>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/optim/composite.h"
#include "stoker/optim/list_step.h"
#include "stoker/optim/newton_schulz.h"

namespace stoker::optim {

namespace {

// How long a move is beside lr.
enum class MuonScale { kNone, kShape, kRms };
std::span<const std::string_view> enum_names(MuonScale) {
  static constexpr std::array<std::string_view, 3> names{"none", "shape", "rms"};
  return names;
}

enum class MuonPrecision { kAuto, kBf16, kFp32 };
std::span<const std::string_view> enum_names(MuonPrecision) {
  static constexpr std::array<std::string_view, 3> names{"auto", "bf16", "fp32"};
  return names;
}

struct MuonOptions {
  double lr = 0.02;
  double momentum = 0.95;
  bool nesterov = true;
  int64_t newton_schulz_steps = 5;
  MuonPrecision precision = MuonPrecision::kAuto;
  MuonScale scale = MuonScale::kShape;
  bool normalize_weights = false;
  bool first_layer = false;
  bool head = false;
  config::Choice rest = plain_optimizers().pick("adamw");
};

void describe(MuonOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate of the matrices; the schedule multiplies it").positive();
  fields("momentum", o.momentum, "decay of the velocity").in(0, 1);
  fields("nesterov", o.nesterov, "look ahead along the velocity");
  fields("newton_schulz_steps", o.newton_schulz_steps,
         "iterations that make a matrix orthogonal; 3 are enough for small networks")
      .at_least(1)
      .at_most(20);
  fields("precision", o.precision,
         "of these iterations; auto: bf16 on a GPU and where the processor has AMX, else fp32");
  fields("scale", o.scale,
         "length of a move beside lr: none; shape, times the root of out / (in h w) where that is "
         "above 1; rms, as long as Adam's moves, so that lr may be Adam's");
  fields("normalize_weights", o.normalize_weights,
         "bring each matrix to the norm of the root of its rows before it moves, as airbench does");
  fields("first_layer", o.first_layer, "move the first layer's matrices too");
  fields("head", o.head, "move the classifier's matrix too");
  fields("rest", o.rest, plain_optimizers(), "optimizer of all that is no matrix of these");
}

double scale_of(MuonScale scale, const at::Tensor& parameter) {
  const auto rows = static_cast<double>(parameter.size(0));
  const double columns = static_cast<double>(parameter.numel()) / rows;
  switch (scale) {
    case MuonScale::kShape:
      return std::sqrt(std::max(1.0, rows / columns));
    case MuonScale::kRms:
      return 0.2 * std::sqrt(std::max(rows, columns));  // Liu et al., "Muon is scalable", 2025
    case MuonScale::kNone:
      break;
  }
  return 1;
}

bool is_channels_last(const at::Tensor& tensor) {
  return tensor.dim() == 4 && !tensor.is_contiguous() &&
         tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

// [out, the rest], in the order of memory, which the iteration does not care about.
at::Tensor as_matrix(const at::Tensor& tensor) {
  const at::Tensor ordered = is_channels_last(tensor) ? tensor.permute({0, 2, 3, 1}) : tensor;
  return ordered.reshape({ordered.size(0), -1});
}

bool has_amx() {
  static const bool found = at::cpu::init_amx();
  return found;
}

class Matrices final : public FusedOptimizer {
 public:
  Matrices(const MuonOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr, {{.name = "momentum"}}), options_(options) {}
  bool is_elementwise() const override { return false; }

 private:
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    std::vector<at::Tensor> moves = step.gradients(lists);
    const std::vector<at::Tensor>& velocity = lists.state[0];
    step.accumulate(velocity, moves, options_.momentum);
    if (options_.nesterov) {
      at::_foreach_add_(moves, velocity, options_.momentum);
    } else {
      moves = at::_foreach_mul(velocity, 1);
    }
    if (options_.normalize_weights) normalize(lists, step);
    step.scale(lists.parameters, 1 - lr * weight_decay);
    orthogonalize(moves);
    step.move(lists.parameters, moves, lr);
  }

  static void normalize(const Lists& lists, const ListStep& step) {
    std::vector<double> roots;
    for (const at::Tensor& parameter : lists.parameters)
      roots.push_back(std::sqrt(static_cast<double>(parameter.size(0))));
    const at::Tensor norms = norms_of(lists.parameters);
    const at::Tensor factors = at::tensor(roots, norms.options()) / norms;
    scale_each(lists.parameters, step.pick(factors, at::ones_like(factors)));
  }

  // Those of one shape together.
  void orthogonalize(const std::vector<at::Tensor>& moves) const {
    std::map<std::pair<int64_t, int64_t>, std::vector<at::Tensor>> by_shape;
    for (const at::Tensor& move : moves)
      by_shape[{move.size(0), move.numel() / move.size(0)}].push_back(move);
    for (const auto& [shape, list] : by_shape) {
      std::vector<at::Tensor> matrices;
      for (const at::Tensor& move : list) matrices.push_back(as_matrix(move));
      const std::vector<at::Tensor> straight =
          orthogonalized(at::stack(matrices), options_.newton_schulz_steps, dtype(list.front()))
              .unbind(0);
      for (size_t i = 0; i < list.size(); ++i) {
        const at::Tensor& move = list[i];
        const bool last = is_channels_last(move);
        at::Tensor target = last ? move.permute({0, 2, 3, 1}) : move;
        target.copy_(straight[i].reshape(target.sizes()));
        move.mul_(scale_of(options_.scale, move));
      }
    }
  }

  at::ScalarType dtype(const at::Tensor& like) const {
    if (options_.precision == MuonPrecision::kBf16) return at::kBFloat16;
    if (options_.precision == MuonPrecision::kFp32) return like.scalar_type();
    const bool is_fast = !like.is_cpu() || has_amx();
    return is_fast && like.scalar_type() == at::kFloat ? at::kBFloat16 : like.scalar_type();
  }

  MuonOptions options_;
};

bool is_matrix(const MuonOptions& options, const ModelParts& parts, const std::string& name,
               const at::Tensor& parameter) {
  if (parameter.dim() < 2 || parameter.size(0) == 1) return false;
  if (parameter.dim() > 2 && parameter.size(1) == 1) return false;  // depthwise
  if (!options.first_layer && is_in_first_layer(parts, name)) return false;
  return options.head || !is_in_head(parts, name);
}

std::unique_ptr<Optimizer> make_muon(const MuonOptions& options,
                                     std::vector<ParameterGroup> groups) {
  std::vector<ParameterGroup> matrices, rest;
  for (ParameterGroup& group : groups) {
    ParameterGroup matrix = group, other = group;
    matrix.parameters.clear();
    other.parameters.clear();
    other.weight_decay = inner_decay(options.rest, group.weight_decay);
    for (const auto& [name, parameter] : group.parameters) {
      const bool is_ours = is_matrix(options, group.parts, name, parameter);
      (is_ours ? matrix : other).parameters.emplace_back(name, parameter);
    }
    if (!matrix.parameters.empty()) matrices.push_back(std::move(matrix));
    if (!other.parameters.empty()) rest.push_back(std::move(other));
  }
  std::vector<std::unique_ptr<Optimizer>> parts;
  parts.push_back(std::make_unique<Matrices>(options, std::move(matrices)));
  if (!rest.empty()) parts.push_back(plain_optimizers().build(options.rest, std::move(rest)));
  return make_composite(std::move(parts));
}

}  // namespace

OptimizerTable::Rows muon_rows() {
  return {OptimizerTable::row<MuonOptions>(
      "muon", "orthogonal moves for matrices, another optimizer for the rest; decay beside it",
      make_muon)};
}

}  // namespace stoker::optim
