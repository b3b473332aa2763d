// Steps of a run under data.on_error: skip none of whose images can be read.
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <deque>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/optim/sgd.h"
#include "stoker/train/step.h"
#include "support/catch.h"
#include "support/thrown.h"

using namespace stoker;
using train::Event;

namespace {

// Two logits for each image of one value.
class Toy : public models::Model {
 public:
  Toy() { weight = register_parameter("weight", at::full({1, 2}, 0.5)); }
  at::Tensor forward(const at::Tensor& images) override { return images.flatten(1).mm(weight); }
  std::string head() const override { return "weight"; }

  at::Tensor weight;
};

// Micro-batches of so many images each, one after another.
class Counts : public train::BatchSource {
 public:
  std::optional<ops::TensorBatch> next() override {
    const int64_t n = left.front();
    left.pop_front();
    return ops::TensorBatch{at::ones({n, 1, 1, 1}), at::zeros({n}, at::kLong)};
  }
  double wait_s() const override { return 0; }

  std::deque<int64_t> left;
};

// What has to do with the network.
class Listener : public train::Callback {
 public:
  explicit Listener(std::vector<Event>& events) : events_(events) {}
  void observe(Event event, const train::View&) override {
    if (event == Event::kBatchReady || event == Event::kGradientsReady) events_.push_back(event);
  }

 private:
  std::vector<Event>& events_;
};

struct Run {
  explicit Run(const train::StepPlan& plan)
      : state(model, *optimizer, nullptr, {.plan = plan}), dispatch(state, algorithms) {
    dispatch.add(std::make_unique<Listener>(events));
  }
  void steps(std::vector<int64_t> micro_batches, int64_t count) {
    feed.left.assign(micro_batches.begin(), micro_batches.end());
    for (int64_t i = 0; i < count; ++i) step.run(state, feed, dispatch);
  }

  Toy model;
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::make_sgd({}, {{.parameters = {{"weight", model.weight}}}});
  train::State state;
  train::Algorithms algorithms;
  train::Events dispatch;
  train::TrainStep step{{.precision = train::Precision::kFp32}, [](int64_t) { return 1.0; }};
  Counts feed;
  std::vector<Event> events;
};

constexpr train::StepPlan kPairs{.batch_size = 10,
                                 .microbatch = 5,
                                 .grad_accumulation = 2,
                                 .steps_per_epoch = 1'000,
                                 .total_steps = 2'000};

}  // namespace

TEST_CASE("unreadable: a step without an image counts and updates nothing", "[train]") {
  Run run(kPairs);
  run.steps({5, 5}, 1);  // gives the optimizer a velocity
  const at::Tensor before = run.model.weight.detach().clone();
  run.events.clear();
  run.state.position.nonfinite_in_a_row = 1;
  run.steps({0, 0}, 1);
  CHECK(run.model.weight.equal(before));
  CHECK(run.events.empty());
  CHECK(run.state.position.step == 2);
  CHECK(run.state.position.schedule_step == 2);
  CHECK(run.state.position.images_seen == 10);
  CHECK(run.state.position.nonfinite_in_a_row == 1);
  CHECK(run.state.position.unreadable_steps_in_a_row == 1);
  CHECK(run.state.position.window.steps == 2);
  CHECK(run.state.position.window.skipped_steps == 1);

  run.steps({0, 2}, 1);  // some of the images are enough
  CHECK_FALSE(run.model.weight.equal(before));
  CHECK(run.state.position.images_seen == 12);
  CHECK(run.state.position.unreadable_steps_in_a_row == 0);
}

TEST_CASE("unreadable: 64 images in a row end the run, one that is read begins anew", "[train]") {
  Run run(kPairs);
  run.steps(std::vector<int64_t>(12, 0), 6);
  run.steps({1, 0}, 1);
  run.steps(std::vector<int64_t>(12, 0), 6);
  CHECK_THAT(test::message_of<DataError>([&] {
               run.steps({0, 0}, 1);
             }),
             Catch::Contains("not one of the 70 images of the 7 steps up to step 14"));
}

TEST_CASE("unreadable: an epoch without an image ends the run", "[train]") {
  train::StepPlan plan = kPairs;
  plan.steps_per_epoch = 3;
  Run run(plan);
  run.steps(std::vector<int64_t>(4, 0), 2);
  CHECK_THAT(test::message_of<DataError>([&] {
               run.steps({0, 0}, 1);
             }),
             Catch::Contains("not one of the 30 images of the 3 steps up to step 3"));
}
