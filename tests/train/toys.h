// Small things to train: a network that breaks where it is told to, a data set in memory, and a run
// made of them.
#pragma once

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stoker/augment/normalize.h"
#include "stoker/augment/pipeline.h"
#include "stoker/core/error.h"
#include "stoker/optim/sgd.h"
#include "stoker/train/trainer.h"

namespace stoker::test {

// `n` images of 3x2 pixels, image i with the value 10 i everywhere and the class i modulo 3. Those
// that `broken` lists cannot be read.
class Squares : public data::Dataset {
 public:
  explicit Squares(int64_t n, std::vector<int64_t> broken = {})
      : n_(n), broken_(std::move(broken)) {}
  int64_t size() const override { return n_; }
  std::string name(int64_t index) const override { return "square " + std::to_string(index); }
  int64_t label(int64_t index) const override { return index % 3; }
  const std::vector<std::string>& class_names() const override { return names_; }
  data::Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    if (std::ranges::count(broken_, index) > 0) throw DataError(name(index) + " is broken");
    scratch.assign(3 * 2 * 3, static_cast<std::byte>(10 * index % 256));
    data::Record record;
    record.pixels = {.pixels = reinterpret_cast<const uint8_t*>(scratch.data()),
                     .width = 3,
                     .height = 2,
                     .channels = 3,
                     .row_bytes = 9};
    return record;
  }

 private:
  int64_t n_;
  std::vector<int64_t> broken_;
  std::vector<std::string> names_{"a", "b", "c"};
};

inline train::Source squares(int64_t n, std::vector<int64_t> broken = {}) {
  config::Choice normalize = augment::augmentations().pick("normalize");
  normalize.as<augment::NormalizeOptions>() = {.mean = {0.2, 0.3, 0.4}, .std = {0.5, 0.6, 0.7}};
  return {.dataset = std::make_shared<Squares>(n, std::move(broken)),
          .pipelines = std::make_shared<augment::Pipeline>(std::vector{normalize}),
          .loader = {.seed = 3, .threads = 2}};
}

// Calls `back` when its gradient is taken.
struct Tripwire : public torch::autograd::Function<Tripwire> {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& x) {
    return x.clone();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 torch::autograd::variable_list gradients) {
    if (back()) back()();
    return gradients;
  }
  static std::function<void()>& back() {
    static std::function<void()> function;
    return function;
  }
};

// One linear layer on the flattened image, and a running statistic: how often it was asked.
class Linear : public models::Model {
 public:
  explicit Linear(int64_t inputs = 18) {
    weight =
        register_parameter("weight", at::full({inputs, 3}, 0.5) + 0.1 * at::arange(3, at::kFloat));
  }
  at::Tensor forward(const at::Tensor& images) override {
    if (is_training()) passes.add_(1);
    if (on_forward) on_forward(images);
    return Tripwire::apply(images.to(at::kFloat).flatten(1).mm(weight));
  }
  std::string head() const override { return "weight"; }

  at::Tensor weight;
  at::Tensor passes = register_buffer("passes", at::zeros({}, at::kLong));  // in training
  std::function<void(const at::Tensor&)> on_forward;
};

// Calls a function at one event.
class AlgorithmAt : public train::Algorithm {
 public:
  AlgorithmAt(train::Event event, std::function<void(train::Context&)> call)
      : event_(event), call_(std::move(call)) {}
  std::string name() const override { return "test"; }
  void apply(train::Event event, train::Context& context) override {
    if (event == event_) call_(context);
  }

 private:
  train::Event event_;
  std::function<void(train::Context&)> call_;
};

class CallbackAt : public train::Callback {
 public:
  CallbackAt(train::Event event, std::function<void(const train::View&)> call)
      : event_(event), call_(std::move(call)) {}
  void observe(train::Event event, const train::View& view) override {
    if (event == event_) call_(view);
  }

 private:
  train::Event event_;
  std::function<void(const train::View&)> call_;
};

// A run over `images` squares: steps of 7 in micro-batches of 4 and 3, two epochs.
struct ToyRun {
  explicit ToyRun(int64_t images = 15, std::vector<int64_t> broken = {})
      : source(squares(images, std::move(broken))) {
    Tripwire::back() = nullptr;
    options.train = {
        .epochs = 2, .batch_size = 7, .microbatch = 4, .precision = train::Precision::kFp32};
    options.log_every_steps = 1;
  }
  ~ToyRun() { Tripwire::back() = nullptr; }

  train::State& state() {
    if (!state_) {
      state_ = std::make_unique<train::State>(
          *model, *optimizer, nullptr,
          train::RunFacts{.plan = train::plan_steps(source.dataset->size(), options.train),
                          .seed = 5,
                          .class_names = source.dataset->class_names(),
                          .context = {.classes = 3, .channels = 3, .height = 2, .width = 3}});
    }
    return *state_;
  }
  train::Trainer trainer(train::CheckpointStore* store = nullptr) {
    return train::Trainer(
        {.state = state(),
         .algorithms = algorithms,
         .train = source,
         .val = val,
         .checkpoints = store},
        [](int64_t) { return 0.01; }, options);
  }

  train::Source source, val;
  std::shared_ptr<Linear> model = std::make_shared<Linear>();
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::make_sgd({}, {{.parameters = {{"weight", model->weight}}}});
  train::TrainerOptions options;
  train::Algorithms algorithms;

 private:
  std::unique_ptr<train::State> state_;
};

}  // namespace stoker::test
