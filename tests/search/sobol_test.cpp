#include "stoker/search/sobol.h"

#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "support/catch.h"

using namespace stoker;

TEST_CASE("the sequence is PyTorch's in all dimensions") {
  const auto golden = nlohmann::json::parse(read_file("tests/golden/search.json")).at("sobol");
  search::Sobol points(search::kMaxSobolDimensions);
  size_t next = 0;
  for (int index = 0; next < golden.size(); ++index) {
    const std::vector<double> point = points.next();
    if (golden[next].at("index") != index) continue;
    INFO("point " << index);
    CHECK(point == golden[next].at("point").get<std::vector<double>>());
    ++next;
  }
  CHECK(next == 15);
}

TEST_CASE("a shift moves points and keeps them in [0, 1)") {
  search::Sobol points(2, {0x80000000u, 0xffffffffu});
  CHECK(points.next()[0] == 0.5);
  for (int i = 0; i < 100; ++i)
    for (const double value : points.next()) CHECK((value >= 0 && value < 1));
}

TEST_CASE("more dimensions than the table has are refused") {
  CHECK_THROWS_AS(search::Sobol(search::kMaxSobolDimensions + 1), ConfigError);
}
