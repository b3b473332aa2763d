#include "stoker/metrics/multilabel.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "stoker/core/error.h"

namespace stoker::metrics {
namespace {

// Counts of the answers to one class's question, or of all.
struct Answers {
  int64_t hits = 0, predicted = 0, present = 0;

  double precision() const { return part(hits, predicted); }
  double recall() const { return part(hits, present); }
  double f1() const { return part(2 * hits, predicted + present); }

 private:
  static double part(int64_t of, int64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(of) / static_cast<double>(whole);
  }
};

struct Score {
  double logit;
  bool is_present;
};

double probability(double logit) { return 1 / (1 + std::exp(-logit)); }

// Of one class, the highest first.
std::vector<Score> sorted_scores(const MultilabelScores& scores, int64_t c) {
  const auto logits = scores.logits.accessor<float, 2>();
  const auto targets = scores.targets.accessor<uint8_t, 2>();
  std::vector<Score> list;
  list.reserve(static_cast<size_t>(logits.size(0)));
  for (int64_t i = 0; i < logits.size(0); ++i) {
    const auto logit = static_cast<double>(logits[i][c]);
    list.push_back(
        {std::isnan(logit) ? -std::numeric_limits<double>::infinity() : logit, targets[i][c] != 0});
  }
  std::ranges::sort(list, std::greater{}, &Score::logit);
  return list;
}

Answers answers_at(const std::vector<Score>& scores, double threshold) {
  Answers answers;
  for (const Score& score : scores) {
    const bool is_predicted = probability(score.logit) >= threshold;
    answers.present += score.is_present;
    answers.predicted += is_predicted;
    answers.hits += is_predicted && score.is_present;
  }
  return answers;
}

// Between the lowest score that counts as present and the next one.
double threshold_between(double lowest, double next) {
  return (probability(lowest) + probability(next)) / 2;
}

// Goes down the scores; equal ones are predicted together.
void rank(const std::vector<Score>& scores, int64_t present,
          ClassificationResult::PerClass& figures) {
  Answers so_far{.present = present};
  double recall = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    ++so_far.predicted;
    so_far.hits += scores[i].is_present;
    const bool is_last = i + 1 == scores.size();
    if (!is_last && scores[i + 1].logit == scores[i].logit) continue;
    figures.average_precision += so_far.precision() * (so_far.recall() - recall);
    recall = so_far.recall();
    if (so_far.f1() <= figures.best_f1) continue;
    const double next = is_last ? -std::numeric_limits<double>::infinity() : scores[i + 1].logit;
    figures.best_f1 = so_far.f1();
    figures.best_threshold = threshold_between(scores[i].logit, next);
  }
}

}  // namespace

MultilabelMetrics::MultilabelMetrics(int64_t classes) : classes_(classes) {
  STOKER_CHECK(classes >= 1, "classes={}", classes);
}

void MultilabelMetrics::add(const at::Tensor& logits, const at::Tensor& targets,
                            const at::Tensor& losses) {
  STOKER_CHECK(logits.dim() == 2 && logits.size(1) == classes_,
               "logits of {} dimensions, classes={}", logits.dim(), classes_);
  STOKER_CHECK(targets.sizes() == logits.sizes() && losses.numel() == logits.size(0),
               "logits={} targets={} losses={}", logits.numel(), targets.numel(), losses.numel());
  if (logits.size(0) == 0) return;
  const at::NoGradGuard no_grad;
  logits_.push_back(logits.to(at::kFloat));
  targets_.push_back(targets.to(at::kByte));
  losses_.push_back(losses.to(at::kDouble).sum());
}

MultilabelScores MultilabelMetrics::scores() const {
  if (logits_.empty())
    return {at::zeros({0, classes_}, at::kFloat), at::zeros({0, classes_}, at::kByte),
            at::zeros({0}, at::kDouble)};
  return {at::cat(logits_).cpu(), at::cat(targets_).cpu(), at::stack(losses_).cpu()};
}

ClassificationResult result_of(const MultilabelScores& scores, double threshold) {
  const int64_t images = scores.logits.size(0), classes = scores.logits.size(1);
  ClassificationResult result{.images = images, .is_multilabel = true, .threshold = threshold};
  result.per_class.resize(static_cast<size_t>(classes), {.best_threshold = threshold});
  if (images == 0) return result;
  result.nonfinite_images = at::isfinite(scores.logits).all(1).logical_not().sum().item<int64_t>();
  const auto losses = scores.losses.accessor<double, 1>();
  for (int64_t batch = 0; batch < losses.size(0); ++batch)
    result.loss += losses[batch] / static_cast<double>(images);
  Answers all;
  int64_t measured = 0;  // classes that some image has
  for (int64_t c = 0; c < classes; ++c) {
    const std::vector<Score> sorted = sorted_scores(scores, c);
    const Answers own = answers_at(sorted, threshold);
    auto& figures = result.per_class[static_cast<size_t>(c)];
    figures.images = own.present;
    figures.precision = own.precision();
    figures.recall = own.recall();
    figures.f1 = own.f1();
    if (own.present > 0) rank(sorted, own.present, figures);
    measured += own.present > 0;
    result.map += figures.average_precision;
    result.f1_macro += own.f1() / static_cast<double>(classes);
    all.hits += own.hits;
    all.predicted += own.predicted;
    all.present += own.present;
  }
  result.f1_micro = all.f1();
  result.map = measured == 0 ? 0 : result.map / static_cast<double>(measured);
  return result;
}

}  // namespace stoker::metrics
