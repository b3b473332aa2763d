#include "stoker/search/pareto.h"

#include <cmath>

#include "support/catch.h"

using namespace stoker::search;
using Points = std::vector<std::vector<double>>;
using Indices = std::vector<size_t>;

TEST_CASE("the front holds what nothing beats in everything") {
  const Points points{{0.08, 41}, {0.07, 90}, {0.09, 95}, {0.08, 41}};
  CHECK(pareto_front(points) == Indices{0, 1, 3});
  CHECK(pareto_front(Points{{1}, {2}}) == Indices{0});
  CHECK(pareto_front(Points{}).empty());
}

TEST_CASE("within the tolerance two count as alike") {
  const Points points{{0.08, 41}, {0.079, 90}};
  CHECK(pareto_front(points) == Indices{0, 1});
  const std::vector<double> tolerances{0.005, 0};
  CHECK(pareto_front(points, tolerances) == Indices{0});
}

TEST_CASE("the knee of a front is farthest below the chord of its ends") {
  const Points points{{0.10, 10}, {0.07, 12}, {0.06, 40}, {0.05, 90}, {0.5, 1}};
  CHECK(knee_of(points, Indices{0, 1, 2, 3}) == size_t{1});
  CHECK_FALSE(knee_of(points, Indices{0, 1}).has_value());
}

TEST_CASE("what was not measured decides nothing") {
  const double none = std::nan("");
  CHECK(pareto_front(Points{{0.1, none}, {0.2, none}}) == Indices{0});
  CHECK(pareto_front(Points{{0.1, 50}, {0.2, none}}) == Indices{0});
}
