#include "stoker/weights/nonfinite.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "support/catch.h"

using namespace stoker;

TEST_CASE("tensors with a NaN or an infinity are named, in their order") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  at::Tensor one = at::zeros({2, 3, 5});
  one[1][2][4] = -infinite;
  const weights::NamedTensors tensors{{"a", at::zeros({7})},
                                      {"b", at::full({}, nan)},
                                      {"c", at::arange(3)},  // whole numbers are finite
                                      {"d", one},
                                      {"e", at::full({2}, infinite).to(at::kBFloat16)},
                                      {"f", at::zeros({0})}};
  CHECK(weights::nonfinite_names(tensors) == std::vector<std::string>{"b", "d", "e"});
  CHECK(weights::nonfinite_names(tensors, 2) == std::vector<std::string>{"b", "e"});
  CHECK(weights::nonfinite_names({}).empty());
}

TEST_CASE("many names are cut") {
  CHECK(weights::some_names({"a"}) == "a");
  CHECK(weights::some_names({"a", "b", "c"}) == "a, b, c");
  CHECK(weights::some_names({"a", "b", "c", "d", "e"}) == "a, b, c and 2 more");
}
