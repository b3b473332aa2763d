#include "stoker/run/loss_weights.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/shown_list.h"
#include "stoker/data/label_sets.h"

namespace stoker::run {

namespace {

at::Tensor listed_weights(std::string_view key, const std::vector<double>& weights,
                          const std::vector<std::string>& classes) {
  if (weights.empty()) return {};
  if (weights.size() != classes.size()) {
    throw ConfigError(fmt::format("{}: {} weights, but the training set has {} classes: {}.", key,
                                  weights.size(), classes.size(), shown_list(classes)));
  }
  return at::tensor(weights).to(at::kFloat);
}

// Of a class without images nothing is asked.
at::Tensor balanced_weights(const data::Dataset& train) {
  const std::vector<int64_t> images = data::images_by_class(train);
  const auto all = static_cast<double>(train.size());
  std::vector<double> weights;
  for (const int64_t count : images) {
    const auto own = static_cast<double>(count);
    if (count == 0)
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
