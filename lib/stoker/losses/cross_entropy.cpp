// cross_entropy: -sum_c w_c t_c log softmax(logits)_c, with the weights w of the classes.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>

#include <cmath>
#include <optional>
#include <utility>

#include "stoker/losses/loss.h"

namespace stoker::losses {
namespace {

struct CrossEntropyOptions {};
void describe(CrossEntropyOptions&, config::Fields&) {}

class CrossEntropy final : public Loss {
 public:
  explicit CrossEntropy(at::Tensor class_weights) : class_weights_(std::move(class_weights)) {}

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    std::optional<at::Tensor> weights;
    if (class_weights_.defined()) weights = class_weights_.to(logits.device());
    return at::cross_entropy_loss(logits.to(at::kFloat), targets, weights, at::Reduction::None,
                                  /*ignore_index=*/-100, label_smoothing);
  }

  // In the logarithm's domain, where small probabilities survive.
  at::Tensor mean_of_views(const at::Tensor& logits, int64_t dim) const override {
    return at::logsumexp(at::log_softmax(logits, -1), dim) -
           std::log(static_cast<double>(logits.size(dim)));
  }

 private:
  at::Tensor class_weights_;
};

}  // namespace

LossTable::Row cross_entropy_row() {
  return LossTable::row<CrossEntropyOptions>(
      "cross_entropy", "softmax cross-entropy: one class an image",
      [](const CrossEntropyOptions&, const LossContext& context) {
        return std::make_shared<CrossEntropy>(context.class_weights);
      });
}

}  // namespace stoker::losses
