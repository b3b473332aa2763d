#include "stoker/parallel/split.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones_like.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>

#include <algorithm>
#include <limits>

#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/models/blank_image.h"
#include "stoker/models/eval_mode.h"
#include "stoker/weights/learning_parameters.h"

namespace stoker::parallel {

namespace {

constexpr int kMeasuredPasses = 3;  // of which the first warms up

struct Timed {
  double seconds = 0;
  at::Tensor out;
};

Timed pass_over(const models::Segment& segment, const weights::NamedTensors& own,
                const at::Tensor& in) {
  at::Tensor x = in.detach();
  x.requires_grad_();
  const Stopwatch watch;
  const at::Tensor out = segment.run(x);
  if (!out.requires_grad()) return {watch.elapsed_s(), out.detach()};
  torch::autograd::edge_list leaves{torch::autograd::impl::gradient_edge(x)};
  for (const auto& [name, parameter] : own)
    leaves.push_back(torch::autograd::impl::gradient_edge(parameter));
  const auto gradients = torch::autograd::Engine::get_default_engine().execute(
      {torch::autograd::impl::gradient_edge(out)}, {at::ones_like(out)}, /*keep_graph=*/false,
      /*create_graph=*/false, /*accumulate_grad=*/false, leaves);
  // On a GPU what has been computed is waited for.
  if (gradients.front().defined()) gradients.front().sum().item<float>();
  return {watch.elapsed_s(), out.detach()};
}

struct Best {
  double slowest = std::numeric_limits<double>::infinity();
  size_t begin = 0;  // of the last stage
};

}  // namespace

bool is_of(const models::Segment& segment, const std::string& name) {
  return std::ranges::any_of(segment.prefixes,
                             [&](const std::string& prefix) { return name.starts_with(prefix); });
}

std::vector<SegmentCost> segment_costs(models::Model& model, const models::ModelContext& context) {
  const models::EvalMode eval_mode(model);
  const c10::AutoGradMode with_gradients(true);
  const at::Tensor image = models::blank_image(model, context);
  at::Tensor x = at::cat({image, image});
  std::vector<SegmentCost> costs;
  for (const models::Segment& segment : model.segments()) {
    weights::NamedTensors own = weights::learning_parameters(model);
    std::erase_if(own, [&](const auto& item) { return !is_of(segment, item.first); });
    SegmentCost cost{.seconds = std::numeric_limits<double>::infinity(), .learns = !own.empty()};
    at::Tensor next;
    for (int i = 0; i < kMeasuredPasses; ++i) {
      Timed timed = pass_over(segment, own, x);
      if (i > 0) cost.seconds = std::min(cost.seconds, timed.seconds);
      next = std::move(timed.out);
    }
    costs.push_back(cost);
    x = std::move(next);
  }
  return costs;
}

// best[k][n]: of the first n pieces in k stages.
Split balanced_split(std::span<const SegmentCost> costs, int64_t stages) {
  const size_t n = costs.size();
  std::vector<double> before(n + 1);
  std::vector<int64_t> learning(n + 1);
  for (size_t i = 0; i < n; ++i) {
    before[i + 1] = before[i] + costs[i].seconds;
    learning[i + 1] = learning[i] + (costs[i].learns ? 1 : 0);
  }
  std::vector<std::vector<Best>> best(static_cast<size_t>(stages) + 1, std::vector<Best>(n + 1));
  best[0][0].slowest = 0;
  for (size_t k = 1; k < best.size(); ++k) {
    for (size_t end = 1; end <= n; ++end) {
      for (size_t begin = 0; begin < end; ++begin) {
        if (learning[begin] == learning[end]) continue;
        const double slowest = std::max(best[k - 1][begin].slowest, before[end] - before[begin]);
        if (slowest < best[k][end].slowest) best[k][end] = {slowest, begin};
      }
    }
  }
  if (best.back()[n].slowest == std::numeric_limits<double>::infinity()) {
    throw ConfigError(
        fmt::format("dist.mesh.pipeline: {} stages cannot be made of a network of {} pieces with "
                    "parameters that learn: expected at most that many",
                    stages, learning[n]));
  }
  Split split;
  size_t end = n;
  for (size_t k = best.size() - 1; k > 0; --k) {
    end = best[k][end].begin;
    split.first.insert(split.first.begin(), end);
  }
  return split;
}

Split named_split(const std::vector<models::Segment>& segments,
                  const std::vector<std::string>& names, int64_t stages) {
  if (std::ssize(names) + 1 != stages) {
    throw ConfigError(
        fmt::format("dist.pipeline.split names {} blocks for {} stages (dist.mesh.pipeline): "
                    "expected one for each stage but the first",
                    names.size(), stages));
  }
  Split split{.first = {0}};
  for (const std::string& name : names) {
    const auto begins = [&](const models::Segment& segment) {
      return std::ranges::any_of(segment.prefixes, [&](const std::string& prefix) {
        return prefix == name || prefix.starts_with(name.ends_with('.') ? name : name + ".");
      });
    };
    const auto found = std::ranges::find_if(segments, begins);
    const auto index = static_cast<size_t>(found - segments.begin());
    if (found == segments.end() || index <= split.first.back()) {
      std::string known;
      for (const models::Segment& segment : segments) {
        if (segment.prefixes.empty()) continue;
        const std::string& prefix = segment.prefixes.front();
        known += (known.empty() ? "" : ", ") + prefix.substr(0, prefix.find_last_not_of('.') + 1);
      }
      throw ConfigError(fmt::format(
          "dist.pipeline.split: {}: {}: expected, in their order, some of {}", name,
          found == segments.end() ? "no block of the network" : "not behind the stage before it",
          known));
    }
    split.first.push_back(index);
  }
  return split;
}

}  // namespace stoker::parallel
