#include "stoker/nn/fused_norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <optional>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/nn/by_type.h"
#include "stoker/nn/channel_sums.h"
#include "stoker/nn/norm_tape.h"

namespace stoker::nn {
namespace {

using kernels::Gate;

// Rows of a [kRows, C] float32 tensor that the backward pass reads.
enum Row : int64_t { kMean, kInverseDeviation, kScale, kShift, kRows };

double value_at(const at::Tensor& values, int64_t c) { return values.const_data_ptr<float>()[c]; }

struct Statistics {
  std::vector<double> mean, variance;  // of the population
};

// In one reading: sums of the distance from the first pixel, which is as near to the mean as any
// value, so that little cancels.
Statistics batch_statistics(const at::Tensor& x) {
  const ChannelLines lines = ChannelLines::of(x);
  Statistics s{std::vector<double>(static_cast<size_t>(lines.channels)),
               std::vector<double>(static_cast<size_t>(lines.channels))};
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const auto& loops = kernels::channel_loops<T>(kernels::cpu_level());
    const T* data = data_of<T>(x);
    const LineParameter shift(lines, [&](int64_t c) {
      const float first = x.scalar_type() == at::kFloat
                              ? data_of<float>(x)[c]
                              : static_cast<float>(data_of<at::BFloat16>(x)[c]);
      return std::isfinite(first) ? first : 0.0f;
    });
    const ChannelSums sums =
        channel_sums(lines, [&](int64_t at, int64_t count, int64_t width, double* a, double* b) {
          loops.moments(data + at, count, width, shift.data(), a, b);
        });
    const auto pixels = static_cast<double>(lines.pixels);
    for (size_t c = 0; c < s.mean.size(); ++c) {
      const double distance = sums.first[c] / pixels;
      s.mean[c] = double{shift.data()[c]} + distance;
      // NaN stays: std::max would take it for zero.
      const double variance = sums.second[c] / pixels - distance * distance;
      s.variance[c] = variance < 0 ? 0 : variance;
    }
  });
  return s;
}

Statistics running_statistics(const NormState& norm) {
  Statistics s;
  for (int64_t c = 0; c < norm.running_mean.numel(); ++c) {
    s.mean.push_back(value_at(norm.running_mean, c));
    s.variance.push_back(value_at(norm.running_var, c));
  }
  return s;
}

// With the unbiased variance, as PyTorch has it.
void move_running(const NormState& norm, const Statistics& s, int64_t pixels) {
  float* mean = norm.running_mean.data_ptr<float>();
  float* variance = norm.running_var.data_ptr<float>();
  const auto count = static_cast<double>(pixels);
  for (size_t c = 0; c < s.mean.size(); ++c) {
    mean[c] = static_cast<float>((1 - norm.momentum) * double{mean[c]} + norm.momentum * s.mean[c]);
    variance[c] = static_cast<float>((1 - norm.momentum) * double{variance[c]} +
                                     norm.momentum * s.variance[c] * count / (count - 1));
  }
}

at::Tensor rows_of(const NormState& norm, const Statistics& s) {
  const auto channels = static_cast<int64_t>(s.mean.size());
  at::Tensor rows = at::empty({kRows, channels}, at::kFloat);
  float* const row = rows.data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c) {
    const auto i = static_cast<size_t>(c);
    const double inverse = 1 / std::sqrt(s.variance[i] + norm.eps);
    const double scale = norm.weight.defined() ? inverse * value_at(norm.weight, c) : inverse;
    row[kMean * channels + c] = static_cast<float>(s.mean[i]);
    row[kInverseDeviation * channels + c] = static_cast<float>(inverse);
    row[kScale * channels + c] = static_cast<float>(scale);
    row[kShift * channels + c] = static_cast<float>(value_at(norm.bias, c) - s.mean[i] * scale);
  }
  return rows;
}

// The parameters of a line, from rows_of.
class Parameters {
 public:
  Parameters(const ChannelLines& lines, const at::Tensor& rows)
      : mean(of(lines, rows, kMean)),
        scale(of(lines, rows, kScale)),
        shift(of(lines, rows, kShift)) {}
  kernels::ChannelMap map() const { return {scale.data(), shift.data()}; }

  const LineParameter mean, scale, shift;

 private:
  static LineParameter of(const ChannelLines& lines, const at::Tensor& rows, Row row) {
    const float* values = rows.const_data_ptr<float>() + row * lines.channels;
    return {lines, [values](int64_t c) { return values[c]; }};
  }
};

at::Tensor map(const at::Tensor& rows, Gate gate, const at::Tensor& x, const at::Tensor& residual) {
  const at::Tensor out = at::empty_like(x);
  const ChannelLines lines = ChannelLines::of(x);
  const Parameters parameters(lines, rows);
  const auto g = static_cast<size_t>(gate);
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const auto& loops = kernels::channel_loops<T>(kernels::cpu_level());
    const T* in = data_of<T>(x);
    const T* add = residual.defined() ? data_of<T>(residual) : nullptr;
    T* to = data_of<T>(out);
    lines.for_each_chunk([&](int64_t, int64_t at, int64_t count, int64_t width) {
      if (add == nullptr)
        loops.map[g](in + at, count, width, parameters.map(), to + at);
      else
        loops.map_add[g](in + at, add + at, count, width, parameters.map(), to + at);
    });
  });
  return out;
}

struct FusedNorm : torch::autograd::Function<FusedNorm> {
  using Context = torch::autograd::AutogradContext;

  // weight and bias are the norm's, named so that they get gradients; apply takes no undefined one.
  using Optional = std::optional<at::Tensor>;
  static at::Tensor forward(Context* context, const at::Tensor& x, const Optional&,
                            const at::Tensor&, const Optional& maybe_residual,
                            const NormState& norm, Gate gate) {
    const at::Tensor residual = maybe_residual.value_or(at::Tensor());
    const at::Tensor rows = NormTape::found([&] {
      const Statistics statistics = batch_statistics(x);
      move_running(norm, statistics, ChannelLines::of(x).pixels);
      return rows_of(norm, statistics);
    });
    const at::Tensor out = map(rows, gate, x, residual);
    context->save_for_backward({x, rows, residual.defined() ? out : at::Tensor()});
    context->saved_data["gate"] = static_cast<int64_t>(gate);
    context->saved_data["scaled"] = norm.weight.defined();
    return out;
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list grads) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &rows = saved[1], &out = saved[2];
    const at::Tensor dy = grads.front().contiguous(at::MemoryFormat::ChannelsLast);
    STOKER_CHECK(dy.scalar_type() == x.scalar_type(), "gradient is {}, input {}",
                 c10::toString(dy.scalar_type()), c10::toString(x.scalar_type()));
    const ChannelLines lines = ChannelLines::of(x);
    const Parameters parameters(lines, rows);
    // Behind a residual, dz is a gradient of its own: it is stored, and read again for dx.
    const at::Tensor dz = out.defined() ? at::empty_like(x) : at::Tensor();
    const Gate gate =
        out.defined() ? Gate::kNone : static_cast<Gate>(context->saved_data["gate"].toInt());
    const ChannelSums sums = find_sums(lines, parameters, gate, dy, x, out, dz);
    const at::Tensor dx =
        input_gradient(lines, parameters, rows, gate, dz.defined() ? dz : dy, x, sums);

    const at::Tensor bias_grad = at::empty({lines.channels}, at::kFloat);
    const at::Tensor weight_grad = context->saved_data["scaled"].toBool()
                                       ? at::empty({lines.channels}, at::kFloat)
                                       : at::Tensor();
    const float* inverse = rows.const_data_ptr<float>() + kInverseDeviation * lines.channels;
    for (int64_t c = 0; c < lines.channels; ++c) {
      const auto i = static_cast<size_t>(c);
      bias_grad.data_ptr<float>()[c] = static_cast<float>(sums.first[i]);
      if (weight_grad.defined())
        weight_grad.data_ptr<float>()[c] = static_cast<float>(sums.second[i] * double{inverse[c]});
    }
    return {dx, weight_grad, bias_grad, dz, at::Tensor(), at::Tensor()};
  }

 private:
  static ChannelSums find_sums(const ChannelLines& lines, const Parameters& parameters, Gate gate,
                               const at::Tensor& dy, const at::Tensor& x, const at::Tensor& out,
                               const at::Tensor& dz) {
    ChannelSums sums;
    by_type(x, [&](auto type) {
      using T = decltype(type);
      const auto& loops = kernels::channel_loops<T>(kernels::cpu_level());
      const T *grad = data_of<T>(dy), *in = data_of<T>(x);
      const T* behind = out.defined() ? data_of<T>(out) : nullptr;
      T* store = dz.defined() ? data_of<T>(dz) : nullptr;
      sums =
          channel_sums(lines, [&](int64_t at, int64_t count, int64_t width, double* a, double* b) {
            if (behind == nullptr)
              loops.sums[static_cast<size_t>(gate)](grad + at, in + at, count, width,
                                                    parameters.map(), parameters.mean.data(), a, b);
            else
              loops.sums_behind_relu(grad + at, in + at, behind + at, count, width,
                                     parameters.mean.data(), a, b, store + at);
          });
    });
    return sums;
  }

  // Ioffe and Szegedy, section 3, with both means taken out of the sums:
  // dx = scale * (dz - mean(dz) - (x - mean) / variance * mean(dz * (x - mean)))
  static at::Tensor input_gradient(const ChannelLines& lines, const Parameters& parameters,
                                   const at::Tensor& rows, Gate gate, const at::Tensor& dz,
                                   const at::Tensor& x, const ChannelSums& sums) {
    const auto pixels = static_cast<double>(lines.pixels);
    const float* inverse = rows.const_data_ptr<float>() + kInverseDeviation * lines.channels;
    const float* scale = rows.const_data_ptr<float>() + kScale * lines.channels;
    const LineParameter slope(lines, [&](int64_t c) {
      const double precision = double{inverse[c]} * double{inverse[c]};
      return static_cast<float>(-double{scale[c]} * precision *
                                sums.second[static_cast<size_t>(c)] / pixels);
    });
    const LineParameter offset(lines, [&](int64_t c) {
      return static_cast<float>(-double{scale[c]} * sums.first[static_cast<size_t>(c)] / pixels);
    });
    const kernels::ChannelGradient gradient{parameters.mean.data(), parameters.scale.data(),
                                            slope.data(), offset.data()};
    const at::Tensor dx = at::empty_like(x);
    by_type(x, [&](auto type) {
      using T = decltype(type);
      const auto& loops = kernels::channel_loops<T>(kernels::cpu_level());
      const T *grad = data_of<T>(dz), *in = data_of<T>(x);
      T* to = data_of<T>(dx);
      lines.for_each_chunk([&](int64_t, int64_t at, int64_t count, int64_t width) {
        loops.gradient[static_cast<size_t>(gate)](grad + at, in + at, count, width,
                                                  parameters.map(), gradient, to + at);
      });
    });
    return dx;
  }
};

bool is_plain_float(const at::Tensor& tensor, int64_t channels) {
  return tensor.defined() && tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat &&
         tensor.is_contiguous() && tensor.numel() == channels;
}

}  // namespace

bool suits_fused_norm(const NormState& norm, const at::Tensor& x, const at::Tensor& residual) {
  if (!suits_channel_loops(x)) return false;
  const int64_t channels = x.size(1);
  for (const at::Tensor& tensor : {norm.bias, norm.running_mean, norm.running_var})
    if (!is_plain_float(tensor, channels)) return false;
  if (norm.weight.defined() && !is_plain_float(norm.weight, channels)) return false;
  if (residual.defined() && (residual.sizes() != x.sizes() || !suits_channel_loops(residual) ||
                             residual.scalar_type() != x.scalar_type()))
    return false;
  return norm.training ? x.numel() > channels : !c10::GradMode::is_enabled();
}

at::Tensor fused_norm(const NormState& norm, Gate gate, const at::Tensor& x,
                      const at::Tensor& residual) {
  STOKER_CHECK(!residual.defined() || gate == Gate::kRelu, "gate={}", static_cast<int>(gate));
  if (norm.training) {
    return FusedNorm::apply(x, std::optional(norm.weight), norm.bias, std::optional(residual), norm,
                            gate);
  }
  return map(rows_of(norm, running_statistics(norm)), gate, x, residual);
}

}  // namespace stoker::nn
