#include "stoker/algorithms/distillation.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>

#include <utility>

#include "stoker/core/error.h"
#include "stoker/train/autocast.h"

namespace stoker::algorithms {

std::span<const std::string_view> enum_names(Distillation) {
  static constexpr std::string_view kNames[] = {"soft", "hard"};
  return kNames;
}

void describe(DistillationOptions& o, config::Fields& fields) {
  fields("teacher", o.teacher,
         "the network to learn from: a run or a checkpoint of stoker, or a file of weights")
      .required();
  fields("model", o.model,
         "the model that a file of weights belongs to, with its default options; a run brings its "
         "own");
  fields("kind", o.kind,
         "soft: the teacher's probabilities; hard: the class it finds most probable");
  fields("temperature", o.temperature,
         "what the logits of both are divided by in soft distillation; higher shows more of what "
         "the teacher finds improbable")
      .positive();
  fields("alpha", o.alpha, "share of the teacher in the loss; the labels have the rest").in(0, 1);
}

at::Tensor distilled(const DistillationOptions& options, const at::Tensor& logits,
                     const at::Tensor& teacher_logits) {
  const at::Tensor own = logits.to(at::kFloat), theirs = teacher_logits.to(at::kFloat);
  if (options.kind == Distillation::kHard)
    return at::cross_entropy_loss(own, at::argmax(theirs, 1), {}, at::Reduction::None);
  const double t = options.temperature;
  const at::Tensor log_p = at::log_softmax(theirs / t, 1), log_q = at::log_softmax(own / t, 1);
  return (log_p.exp() * (log_p - log_q)).sum(1) * (t * t);
}

namespace {

using train::Event;

class Distiller : public train::Algorithm {
 public:
  Distiller(DistillationOptions options, std::shared_ptr<const Teacher> teacher,
            train::Precision precision)
      : options_(std::move(options)),
        teacher_(std::move(teacher)),
        precision_(precision),
        digest_(at::tensor(teacher_ ? digest_list() : std::vector<int64_t>{0, 0})) {}

  std::string name() const override { return "distillation"; }

  void apply(Event event, train::Context& context) override {
    if (event == Event::kFitStart) check_teacher();
    if (event == Event::kLossReady) learn_from_teacher(context.state, *context.batch);
  }

  optim::NamedTensors state_tensors() override { return {{"teacher", digest_}}; }

 private:
  std::vector<int64_t> digest_list() const {
    return {teacher_->digest.begin(), teacher_->digest.end()};
  }

  // A checkpoint that was loaded has put its own digest here.
  void check_teacher() const {
    if (digest_.equal(at::tensor(digest_list()))) return;
    throw ConfigError(fmt::format(
        "algorithms: distillation: {} has other weights than the teacher that this run began "
        "with. Name the checkpoint it had then in algorithms.distillation.teacher, or start a new "
        "run without --resume.",
        options_.teacher));
  }

  void learn_from_teacher(const train::State& state, train::MicroBatch& batch) const {
    const at::Tensor taught = ask(state, batch.images);
    STOKER_CHECK(taught.sizes() == batch.logits.sizes(), "the teacher gave {} numbers for {}",
                 taught.numel(), batch.logits.numel());
    batch.losses = (1 - options_.alpha) * batch.losses +
                   options_.alpha * distilled(options_, batch.logits, taught);
  }

  at::Tensor ask(const train::State& state, const at::Tensor& images) const {
    const at::NoGradGuard no_grad;
    const train::Autocast autocast(state.facts.device.type(), precision_);
    if (!teacher_->scale.defined()) return teacher_->model->forward(images);
    const at::Tensor shown = images.to(at::kFloat) * teacher_->scale + teacher_->shift;
    return teacher_->model->forward(shown.to(images.scalar_type()));
  }

  DistillationOptions options_;
  std::shared_ptr<const Teacher> teacher_;
  train::Precision precision_;
  at::Tensor digest_;  // int64 [2]
};

}  // namespace

std::unique_ptr<train::Algorithm> make_distillation(const DistillationOptions& options,
                                                    std::shared_ptr<const Teacher> teacher,
                                                    train::Precision precision) {
  return std::make_unique<Distiller>(options, std::move(teacher), precision);
}

}  // namespace stoker::algorithms
