#include "stoker/algorithms/noise_scale.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <memory>
#include <vector>

#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "stoker/tuning/noise_scale.h"
#include "support/catch.h"

using namespace stoker;
using train::Event;

namespace {

class TwoWeights : public models::Model {
 public:
  TwoWeights() {
    a = register_parameter("a", at::zeros({2}));
    b = register_parameter("b", at::zeros({1}));
  }
  at::Tensor forward(const at::Tensor& images) override { return images; }
  std::string head() const override { return "a"; }
  at::Tensor a, b;
};

constexpr int64_t kBatch = 12;

// Steps in which the gradients after the first and after the last micro-batch are given.
struct Bench {
  TwoWeights model;
  std::unique_ptr<optim::Optimizer> optimizer = optim::optimizers().build(
      optim::optimizers().pick("sgd"), {{{{"a", model.a}, {"b", model.b}}}});
  std::unique_ptr<optim::GradScaler> scaler;
  train::State state;
  train::Context context{.state = state};

  explicit Bench(int64_t accumulation, bool is_scaled = false, int64_t ranks = 1)
      : scaler(is_scaled ? std::make_unique<optim::GradScaler>(
                               optim::GradScalerOptions{.initial_scale = 1024}, at::kCPU)
                         : nullptr),
        state{model,
              *optimizer,
              scaler.get(),
              {.plan = train::StepPlan{.batch_size = kBatch, .ranks = ranks}.with_accumulation(
                   accumulation)}} {}

  void set_gradients(double of_a, double of_b) {
    const double scale = scaler ? scaler->scale_value() : 1;
    model.a.mutable_grad() = at::full({2}, scale * of_a);
    model.b.mutable_grad() = at::full({1}, scale * of_b);
  }

  // Gradients of means are x of the first `small` images, y of all `read` of the step.
  void step(train::Algorithm& meter, double x, double y, std::vector<int64_t> sizes) {
    meter.apply(Event::kStepStart, context);
    int64_t images = 0, number = 0;
    for (const int64_t size : sizes) {
      train::MicroBatch batch{.number = number++, .labels = at::zeros({size}, at::kLong)};
      images += size;
      const double mean = number == 1 ? x : y;
      set_gradients(mean * static_cast<double>(images) / kBatch,
                    2 * mean * static_cast<double>(images) / kBatch);
      context.batch = &batch;
      meter.apply(Event::kMicroBatchDone, context);
      context.batch = nullptr;
    }
    meter.apply(Event::kGradientsReady, context);
    ++state.position.step;
  }
};

// Of gradients (x, x, 2 x).
double squared(double x) { return 6 * x * x; }

}  // namespace

TEST_CASE("the noise scale comes from the first micro-batch and the whole step") {
  const bool is_scaled = GENERATE(false, true);
  Bench bench(3, is_scaled);
  const auto meter = algorithms::make_noise_scale({.keep = 0.9}, bench.state);
  meter->apply(Event::kFitStart, bench.context);
  tuning::NoiseScale expected(0.9);
  for (int i = 0; i < 14; ++i) {
    const double x = 1.1 + 0.03 * i, y = 1.0 + 0.02 * i;
    // Of five images one could not be read in every third step.
    const std::vector<int64_t> sizes =
        i % 3 == 0 ? std::vector<int64_t>{4, 3, 4} : std::vector<int64_t>{4, 4, 4};
    bench.step(*meter, x, y, sizes);
    expected.note({.small_squared = squared(x),
                   .big_squared = squared(y),
                   .small_batch = 4,
                   .big_batch = i % 3 == 0 ? 11 : 12});
    if (i % 5 == 4) meter->apply(Event::kLog, bench.context);
  }
  meter->apply(Event::kLog, bench.context);
  REQUIRE(bench.state.noise_scale);
  CHECK(*bench.state.noise_scale == Approx(*expected.b_simple()).epsilon(1e-5));
}

TEST_CASE("a step that is taken again counts once, and what a checkpoint keeps goes on") {
  Bench bench(2);
  const auto meter = algorithms::make_noise_scale({}, bench.state);
  meter->apply(Event::kFitStart, bench.context);
  for (int i = 0; i < 12; ++i) {
    if (i == 7) {  // memory ran out in the update
      bench.step(*meter, 9, 1, {6, 6});
      --bench.state.position.step;
    }
    bench.step(*meter, 2 + 0.1 * i, 1, {6, 6});
  }
  const at::Tensor kept = meter->state_tensors().at(0).second;
  CHECK(kept[3].item<double>() == 12);

  Bench later(2);
  later.state.position.step = 12;
  const auto resumed = algorithms::make_noise_scale({}, later.state);
  resumed->state_tensors().at(0).second.copy_(kept);
  resumed->apply(Event::kFitStart, later.context);
  bench.step(*meter, 3, 1, {6, 6});
  later.step(*resumed, 3, 1, {6, 6});
  CHECK(at::equal(meter->state_tensors().at(0).second, resumed->state_tensors().at(0).second));
}

TEST_CASE("steps of one micro-batch measure nothing") {
  Bench bench(1);
  const auto meter = algorithms::make_noise_scale({}, bench.state);
  meter->apply(Event::kFitStart, bench.context);
  for (int i = 0; i < 12; ++i) bench.step(*meter, 2, 1, {12});
  meter->apply(Event::kLog, bench.context);
  CHECK_FALSE(bench.state.noise_scale);
  CHECK(meter->state_tensors().at(0).second[3].item<double>() == 0);
  meter->apply(Event::kFitDone, bench.context);
}

TEST_CASE("with several ranks the noise scale comes from all their shares and the whole step") {
  Bench bench(3, /*is_scaled=*/false, /*ranks=*/3);
  const auto meter = algorithms::make_noise_scale({.keep = 0.9}, bench.state);
  CHECK(meter->wants_rank_norms());
  meter->apply(Event::kFitStart, bench.context);
  tuning::NoiseScale expected(0.9);
  for (int i = 0; i < 12; ++i) {
    const double x = 1.3 + 0.03 * i, y = 1.0 + 0.02 * i;
    // Of gradients of sums over a batch of 12, of which a share is a third.
    bench.state.rank_norm.reset();
    const bool is_measured = i != 5;  // a step of which some image could not be read
    if (is_measured) {
      bench.state.rank_norm =
          train::RankNorm{.mean_squared = at::full({}, squared(x) / 9, at::kFloat), .images = 4};
      expected.note({.small_squared = squared(x),
                     .big_squared = squared(y),
                     .small_batch = 4,
                     .big_batch = kBatch});
    }
    bench.step(*meter, y, y, {4, 4, 4});  // what this rank sees of its micro-batches is not used
  }
  meter->apply(Event::kLog, bench.context);
  REQUIRE(bench.state.noise_scale);
  CHECK(*bench.state.noise_scale == Approx(*expected.b_simple()).epsilon(1e-5));
  CHECK(meter->state_tensors().at(0).second[3].item<double>() == 11);
}
