#include "stoker/weights/resized.h"

#include <ATen/ops/ones.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "models/golden.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

void check_values(const at::Tensor& made, const nlohmann::json& values) {
  const at::Tensor flat = made.flatten();
  REQUIRE(flat.numel() == static_cast<int64_t>(values.size()));
  // The golden has 9 digits of float32.
  for (int64_t i = 0; i < flat.numel(); ++i)
    CHECK(flat[i].item<double>() ==
          Approx(values.at(static_cast<size_t>(i)).get<double>()).margin(1e-6));
}

}  // namespace

TEST_CASE("positions and first convolutions are fitted as timm fits them") {
  int cases = 0;
  for (const auto& row : test::golden_file("weights_dialects")) {
    if (row.contains("positions")) {
      const int64_t prefix = row.at("prefix"), side = row.at("positions");
      const at::Tensor positions =
          test::formula("positions", {1, prefix + side * side, 3}).to(at::kFloat);
      const auto made = resize_positions(
          positions, {.prefix = prefix, .height = row.at("height"), .width = row.at("width")});
      REQUIRE(made);
      check_values(*made, row.at("values"));
    } else if (row.contains("channels")) {
      const auto made =
          fit_channels(test::formula("stem", {2, 3, 2, 1}).to(at::kFloat), row.at("channels"));
      REQUIRE(made);
      check_values(*made, row.at("values"));
    } else {
      continue;
    }
    ++cases;
  }
  CHECK(cases == 7);
}

TEST_CASE("tables of biases by distance are resized in either layout") {
  const at::Tensor table = test::formula("table", {25, 2}).to(at::kFloat);
  const PositionShape shape{.prefix = 0, .height = 3, .width = 7};
  const at::Tensor rows = *resize_positions(table, shape);
  CHECK(rows.equal(resize_positions(table.unsqueeze(0), shape)->squeeze(0)));
  CHECK(rows.sizes() == at::IntArrayRef({21, 2}));
  const at::Tensor maps = *resize_positions(table.t().reshape({2, 5, 5}), shape);
  CHECK(maps.flatten(1).t().equal(rows));
  CHECK_FALSE(resize_positions(at::ones({24, 2}), shape));
  CHECK_FALSE(resize_positions(at::ones({2, 5, 4}), shape));
}

TEST_CASE("what cannot be fitted is left to be reported") {
  const PositionShape shape{.prefix = 1, .height = 4, .width = 5};
  CHECK_FALSE(resize_positions(at::ones({1, 12, 3}), shape));  // 11 is no square
  CHECK_FALSE(resize_positions(at::ones({1, 1, 3}), shape));
  CHECK_FALSE(resize_positions(at::ones({10, 3}), shape));
  CHECK_FALSE(resize_positions(at::ones({1, 10, 3}, at::kLong), shape));
  CHECK(resize_positions(at::ones({1, 10, 3}, at::kBFloat16), shape)->scalar_type() ==
        at::kBFloat16);
  CHECK_FALSE(fit_channels(at::ones({2, 4, 3, 3}), 3));
  CHECK_FALSE(fit_channels(at::ones({2, 3}), 1));
  CHECK(fit_channels(at::ones({2, 5, 3, 3}), 1)->sizes() == at::IntArrayRef({2, 1, 3, 3}));
}
