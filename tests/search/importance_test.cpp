#include "stoker/search/importance.h"

#include "support/catch.h"

using namespace stoker::search;
using Words = std::vector<std::string>;

TEST_CASE("the key that decides explains the variance and one that does nothing explains none") {
  const std::vector<Words> keys{{"a", "a", "a", "a", "b", "b", "b", "b"},
                                {"x", "y", "x", "y", "x", "y", "x", "y"}};
  const std::vector<double> metric{1.0, 1.1, 1.0, 1.1, 3.0, 3.1, 3.0, 3.1};
  const auto result = importance(keys, metric);
  CHECK(result[0].explained > 0.98);
  CHECK(result[1].explained < 0.01);
  CHECK(result[0].is_rough);  // 8 trials for 2 groups
}

TEST_CASE("many numbers are grouped by quarters of their order") {
  Words lr;
  std::vector<double> metric;
  for (int i = 0; i < 40; ++i) {
    lr.push_back(std::to_string(100 - i) + ".5");
    metric.push_back(i < 20 ? 1 : 2);
  }
  const auto result = importance(std::vector<Words>{lr}, metric);
  CHECK(result[0].explained == Approx(1));
  CHECK_FALSE(result[0].is_rough);
}

TEST_CASE("nothing is explained of what does not vary, or by one value") {
  CHECK(importance(std::vector<Words>{{"a", "b"}}, std::vector<double>{1, 1})[0].explained == 0);
  CHECK(importance(std::vector<Words>{{"a", "a"}}, std::vector<double>{1, 2})[0].explained == 0);
  CHECK(importance(std::vector<Words>{{"a", "b"}}, std::vector<double>{1, 2})[0].explained == 0);
}
