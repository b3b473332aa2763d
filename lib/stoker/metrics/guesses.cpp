#include "stoker/metrics/guesses.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace stoker::metrics {

namespace {

constexpr int64_t kBeforeGuesses = 2;  // label and loss

// The first `most` of the indices that pass, in the order of their keys.
template <class Passes, class Key>
std::vector<size_t> first_by(const std::vector<Guess>& guesses, size_t most, const Passes& passes,
                             const Key& key) {
  std::vector<size_t> found;
  for (size_t i = 0; i < guesses.size(); ++i)
    if (passes(guesses[i])) found.push_back(i);
  const size_t kept = std::min(most, found.size());
  // Of equal ones the first, whatever the number.
  const auto before = [&](size_t a, size_t b) {
    return std::pair(key(guesses[a]), a) < std::pair(key(guesses[b]), b);
  };
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
                    before);
  found.resize(kept);
  return found;
}

// Of the pairs with the most images, three images each.
std::vector<size_t> of_worst_pairs(const std::vector<Guess>& guesses, size_t most) {
  constexpr size_t kImagesOfPair = 3;
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> pairs;
  for (size_t i = 0; i < guesses.size(); ++i)
    if (!guesses[i].is_right()) pairs[{guesses[i].label, guesses[i].classes[0]}].push_back(i);
  std::vector<const std::vector<size_t>*> order;
  for (const auto& [pair, images] : pairs) order.push_back(&images);
  std::ranges::stable_sort(order, std::greater{},
                           [](const auto* images) { return images->size(); });
  std::vector<size_t> found;
  for (const std::vector<size_t>* images : order) {
    for (size_t i = 0; i < std::min(images->size(), kImagesOfPair) && found.size() < most; ++i)
      found.push_back((*images)[i]);
  }
  return found;
}

}  // namespace

void Guesses::add(const std::vector<int64_t>& samples, const at::Tensor& logits,
                  const at::Tensor& labels, const at::Tensor& losses,
                  const at::Tensor& probabilities) {
  if (static_cast<int64_t>(samples_.size()) >= kMostGuesses || samples.empty()) return;
  const at::NoGradGuard no_grad;
  const int64_t kept = std::min<int64_t>(kGuessesKept, logits.size(1));
  const at::Tensor all =
      probabilities.defined() ? probabilities.to(at::kDouble) : logits.to(at::kDouble).softmax(1);
  const auto [shares, classes] = all.topk(kept, 1);
  const at::Tensor facts = at::stack(
      {labels.to(logits.device(), at::kDouble), losses.to(logits.device(), at::kDouble)}, 1);
  batches_.push_back(at::cat({facts, classes.to(at::kDouble), shares}, 1));
  samples_.insert(samples_.end(), samples.begin(), samples.end());
}

std::vector<Guess> Guesses::list() const {
  std::vector<Guess> list;
  if (batches_.empty()) return list;
  const at::Tensor all = at::cat(batches_).cpu().contiguous();
  const auto row = all.accessor<double, 2>();
  const int64_t kept = (all.size(1) - kBeforeGuesses) / 2;
  for (int64_t i = 0; i < all.size(0); ++i) {
    Guess guess{.sample = samples_[static_cast<size_t>(i)],
                .label = static_cast<int64_t>(row[i][0]),
                .loss = row[i][1]};
    guess.classes.fill(-1);
    for (int64_t k = 0; k < kept; ++k) {
      guess.classes[static_cast<size_t>(k)] = static_cast<int64_t>(row[i][kBeforeGuesses + k]);
      guess.probabilities[static_cast<size_t>(k)] = row[i][kBeforeGuesses + kept + k];
    }
    list.push_back(guess);
  }
  return list;
}

NotableGuesses notable(const std::vector<Guess>& guesses, size_t most) {
  const auto is_finite = [](const Guess& guess) {
    return std::isfinite(guess.loss) && std::isfinite(guess.probabilities[0]);
  };
  return {
      .wrong = first_by(
          guesses, most, [&](const Guess& g) { return is_finite(g) && !g.is_right(); },
          [](const Guess& g) { return -g.loss; }),
      .uncertain = first_by(guesses, most, is_finite, [](const Guess& g) { return g.margin(); }),
      .pairs = of_worst_pairs(guesses, 3 * most)};
}

}  // namespace stoker::metrics
