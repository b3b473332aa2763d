#include "stoker/augment/evaluation.h"

#include "steps.h"
#include "support/catch.h"

namespace stoker::augment {
namespace {

using namespace test;

std::vector<std::string> names(const std::vector<config::Choice>& steps) {
  std::vector<std::string> list;
  for (const config::Choice& step : steps) list.push_back(step.name());
  return list;
}

using Names = std::vector<std::string>;

TEST_CASE("evaluation takes the middle of what pad_crop shows in training") {
  const auto steps = evaluation_steps(std::vector{
      pad_crop({30, 28}, 2), flip(HorizontalFlip::kAlternating), normalize({0.5}, {0.25})});
  CHECK(names(steps) == Names{"center_crop", "normalize"});
  const Pipeline p(steps);
  CHECK(p.fixed_size() == Size{28, 30});
  CHECK(p.normalization().bias[0] == -2);
  for (uint64_t sample : {0, 1, 2}) {
    const kernels::Geometry g = p.draw({1, 0, sample}, 32, 32);
    CHECK((g.offset_x == 2 && g.offset_y == 1 && !g.flip_x));
  }
}

TEST_CASE("evaluation of random_resized_crop 224 resizes the short side to 256") {
  const auto steps = evaluation_steps(std::vector{random_resized_crop({224})});
  CHECK(names(steps) == Names{"resize", "center_crop"});
  const kernels::Geometry g = Pipeline(steps).draw({}, 500, 375);
  CHECK((g.grid_w == 341 && g.grid_h == 256));
  CHECK((g.offset_x == 58 && g.offset_y == 16));  // 58.5 rounded to even
}

TEST_CASE("steps without randomness stay for evaluation") {
  CHECK(names(evaluation_steps(std::vector{resize({40}), center_crop({32})})) ==
        Names{"resize", "center_crop"});
  CHECK(evaluation_steps({}).empty());
}

}  // namespace
}  // namespace stoker::augment
