#include "stoker/callbacks/columns.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "support/catch.h"

using namespace stoker;

namespace {

class Toy : public models::Model {
 public:
  Toy() { register_parameter("weight", at::full({3}, 1.0)); }
  at::Tensor forward(const at::Tensor& images) override { return images; }
  std::string head() const override { return "weight"; }
};

}  // namespace

TEST_CASE("a training has a value for each row of the list of figures, in its order") {
  const auto same = [](std::span<const callbacks::Column> ours,
                       std::span<const runs::Column> rows) {
    return std::ranges::equal(ours, rows, {}, &callbacks::Column::name, &runs::Column::name);
  };
  CHECK(same(callbacks::train_columns(), runs::train_columns()));
  CHECK(same(callbacks::eval_columns(), runs::eval_columns()));
  CHECK(same(callbacks::memory_columns(), runs::memory_columns()));
}

TEST_CASE("a figure that a run need not have stands only where it is there") {
  Toy model;
  const auto optimizer = optim::optimizers().build(optim::optimizers().pick("sgd"), {});
  train::State state(model, *optimizer, nullptr, {});
  const auto without = callbacks::train_record(state);
  CHECK_FALSE(without.contains("noise_scale"));
  CHECK(without.contains("loss"));  // null: it is not finite, and must be there
  state.noise_scale = 512.5;
  const auto with = callbacks::train_record(state);
  CHECK(with["noise_scale"] == 512.5);
  CHECK(callbacks::without_clocks(with).contains("noise_scale"));
  CHECK(with.size() == without.size() + 1);
}
