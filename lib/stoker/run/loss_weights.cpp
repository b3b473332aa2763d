#include "stoker/run/loss_weights.h"

#include <ATen/ops/tensor.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::run {

namespace {

at::Tensor listed_weights(std::string_view key, const std::vector<double>& weights,
                          const std::vector<std::string>& classes) {
  if (weights.empty()) return {};
  if (weights.size() != classes.size()) {
    throw ConfigError(fmt::format("{}: {} weights, but the training set has {} classes: {}.", key,
                                  weights.size(), classes.size(),
                                  shown(fmt::format("{}", fmt::join(classes, ", ")))));
  }
  return at::tensor(weights).to(at::kFloat);
}

std::vector<double> images_by_class(const data::Dataset& set) {
  std::vector<double> images(set.class_names().size(), 0.0);
  for (int64_t i = 0; i < set.size(); ++i) {
    if (!set.is_multilabel()) images[static_cast<size_t>(set.label(i))] += 1;
    for (const int32_t label : set.labels(i)) images[static_cast<size_t>(label)] += 1;
  }
  return images;
}

// Of a class without images nothing is asked.
at::Tensor balanced_weights(const data::Dataset& train) {
  const std::vector<double> images = images_by_class(train);
  const auto all = static_cast<double>(train.size());
  std::vector<double> weights;
  for (const double own : images) {
    if (own == 0)
      weights.push_back(train.is_multilabel() ? 1 : 0);
    else if (train.is_multilabel())
      weights.push_back(std::max(all - own, 1.0) / own);
    else
      weights.push_back(all / (static_cast<double>(images.size()) * own));
  }
  return at::tensor(weights).to(at::kFloat);
}

}  // namespace

losses::LossContext build_loss_weights(const train::TrainOptions& options,
                                       const data::Dataset& train) {
  losses::LossContext weights{
      .class_weights =
          listed_weights("train.class_weights", options.class_weights, train.class_names()),
      .positive_weights =
          listed_weights("train.positive_weights", options.positive_weights, train.class_names())};
  if (!options.balanced_loss) return weights;
  (train.is_multilabel() ? weights.positive_weights : weights.class_weights) =
      balanced_weights(train);
  return weights;
}

}  // namespace stoker::run
