#include "stoker/algorithms/unfreezing.h"

#include <ATen/ops/zeros.h>

#include "stoker/core/error.h"
#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "support/catch.h"

using namespace stoker;
using train::Event;

namespace {

// Three layers, and a parameter that is of none.
class Layered : public models::Model {
 public:
  Layered() {
    for (const char* name : {"token", "stem", "block", "head"})
      parameters_.push_back(register_parameter(name, at::zeros({2})));
  }
  at::Tensor forward(const at::Tensor& images) override { return images; }
  std::string head() const override { return "head"; }
  std::vector<std::vector<std::string>> layers() const override {
    return {{"stem"}, {"block"}, {"head"}};
  }
  // "token stem", say: those that learn.
  std::string learning() const {
    std::string text;
    for (const auto& parameter : named_parameters()) {
      if (parameter.value().requires_grad()) text += (text.empty() ? "" : " ") + parameter.key();
    }
    return text;
  }

 private:
  std::vector<at::Tensor> parameters_;
};

struct Bench {
  Layered model;
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::optimizers().build(optim::optimizers().pick("sgd"), {});
  train::State state{model, *optimizer, nullptr, {.plan = {.steps_per_epoch = 10}}};

  std::string learning_at(train::Algorithm& algorithm, int64_t step) {
    state.position.step = step;
    train::Context context{.state = state};
    algorithm.apply(Event::kStepStart, context);
    return model.learning();
  }
};

const char* const kAll = "token stem block head";

}  // namespace

TEST_CASE("the classifier learns alone, then all learn") {
  Bench bench;
  const auto algorithm = algorithms::make_unfreezing({.head_epochs = 1.5}, bench.state);
  CHECK(bench.model.learning() == kAll);  // until the run starts
  CHECK(bench.learning_at(*algorithm, 0) == "head");
  CHECK(bench.learning_at(*algorithm, 14) == "head");
  CHECK(bench.learning_at(*algorithm, 15) == kAll);
  CHECK(bench.learning_at(*algorithm, 3) == "head");  // a run that goes back
}

TEST_CASE("layers join from the top down") {
  Bench bench;
  const auto algorithm =
      algorithms::make_unfreezing({.head_epochs = 1, .every_epochs = 0.5}, bench.state);
  CHECK(bench.learning_at(*algorithm, 9) == "head");
  CHECK(bench.learning_at(*algorithm, 10) == "block head");
  CHECK(bench.learning_at(*algorithm, 14) == "block head");
  CHECK(bench.learning_at(*algorithm, 15) == kAll);
  CHECK(bench.learning_at(*algorithm, 1000) == kAll);
}

TEST_CASE("what model.freeze names never learns, and an end leaves the model as it was") {
  Bench bench;
  models::freeze(bench.model, {"stem"});
  {
    const auto algorithm = algorithms::make_unfreezing({}, bench.state);
    CHECK(bench.learning_at(*algorithm, 100) == "token block head");
    CHECK(bench.learning_at(*algorithm, 0) == "head");
  }
  CHECK(bench.model.learning() == "token block head");
}

TEST_CASE("a frozen classifier cannot begin alone") {
  Bench bench;
  models::freeze(bench.model, {"head"});
  CHECK_THROWS_AS(algorithms::make_unfreezing({}, bench.state), ConfigError);
}
