#include "stoker/augment/progressive_resizing.h"

#include "steps.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::augment {
namespace {

using namespace test;
using Catch::Contains;

struct Row {
  uint32_t first_epoch;
  int32_t width, height;
  bool operator==(const Row&) const = default;
};

std::vector<Row> rows_of(const PipelineSchedule& schedule) {
  std::vector<Row> rows;
  for (const auto& [first_epoch, pipeline] : schedule.phases()) {
    const Size size = *pipeline->fixed_size();
    rows.push_back({first_epoch, size.width, size.height});
  }
  return rows;
}

TEST_CASE("progressive resizing: the scale waits, climbs and ends at one") {
  const ProgressiveResizingOptions o{
      .initial_scale = 0.5, .delay_fraction = 0.25, .finetune_fraction = 0.25};
  CHECK(size_scale(o, 0) == 0.5);
  CHECK(size_scale(o, 0.2499) == 0.5);
  CHECK(size_scale(o, 0.25) == 0.5);
  CHECK(size_scale(o, 0.5) == Approx(0.75));
  CHECK(size_scale(o, 0.7499) == Approx(0.9999));
  CHECK(size_scale(o, 0.75) == 1);
  CHECK(size_scale(o, 1) == 1);
  // Nothing between: a jump.
  CHECK(size_scale({.initial_scale = 0.5, .delay_fraction = 0.5, .finetune_fraction = 0.5}, 0.49) ==
        0.5);
  CHECK(size_scale({.initial_scale = 0.5, .delay_fraction = 0.5, .finetune_fraction = 0.5}, 0.5) ==
        1);
}

TEST_CASE("progressive resizing: an epoch has one size, equal ones are one phase") {
  const std::vector steps{random_resized_crop({96, 128}), flip(HorizontalFlip::kRandom)};
  const ProgressiveResizingOptions o{
      .initial_scale = 0.5, .delay_fraction = 0.3, .finetune_fraction = 0.2, .size_increment = 16};
  const PipelineSchedule schedule = resized_pipelines(steps, o, 10);
  CHECK(rows_of(schedule) ==
        std::vector<Row>{
            {0, 64, 48}, {4, 80, 64}, {5, 96, 64}, {6, 96, 80}, {7, 112, 80}, {8, 128, 96}});
  CHECK(schedule.at(3).fixed_size() == Size{64, 48});
  CHECK(schedule.at(4).fixed_size() == Size{80, 64});
  CHECK(schedule.at(9).fixed_size() == Size{128, 96});
  CHECK(schedule.at(100).fixed_size() == schedule.last().fixed_size());
}

TEST_CASE("progressive resizing: every size that the list names is scaled, and never grows") {
  const std::vector steps{resize({72}), center_crop({64, 60}), pad_crop({56}, 4)};
  const auto scaled = scaled_steps(steps, 0.5, 8);
  CHECK(scaled[0].as<ResizeOptions>().size == std::vector<int64_t>{40});  // 36: to the nearest of 8
  CHECK(scaled[1].as<CenterCropOptions>().size == std::vector<int64_t>{32, 32});
  CHECK(scaled[2].as<PadCropOptions>().size == std::vector<int64_t>{32});
  CHECK(scaled[2].as<PadCropOptions>().pad == 4);
  CHECK(steps[0].as<ResizeOptions>().size == std::vector<int64_t>{72});
  CHECK(scaled_steps(steps, 1, 32)[1].as<CenterCropOptions>().size == std::vector<int64_t>{64, 60});
  CHECK(scaled_steps(steps, 0.001, 4)[0].as<ResizeOptions>().size == std::vector<int64_t>{4});
}

TEST_CASE("progressive resizing: a resize grows although the crop after it stays as large") {
  const std::vector steps{resize({72}), center_crop({64})};
  const PipelineSchedule schedule =
      resized_pipelines(steps, {.initial_scale = 0.9, .size_increment = 32}, 10);
  REQUIRE(schedule.phases().size() == 2);
  CHECK(schedule.at(0).draw({}, 100, 100).grid_w == 64);
  CHECK(schedule.last().draw({}, 100, 100).grid_w == 72);
}

TEST_CASE("progressive resizing: off means one phase; what cannot be is refused") {
  const std::vector steps{random_resized_crop({96})};
  CHECK(resized_pipelines(steps, {}, 10).phases().size() == 1);
  CHECK(resized_pipelines(steps, {.initial_scale = 0.5}, 0.5).phases().size() == 1);
  CHECK_THROWS_WITH(
      resized_pipelines(std::vector{flip(HorizontalFlip::kRandom)}, {.initial_scale = 0.5}, 3),
      Contains("no step of `augment` names a size"));
  CHECK_THROWS_WITH(
      resized_pipelines(steps,
                        {.initial_scale = 0.5, .delay_fraction = 0.7, .finetune_fraction = 0.4}, 3),
      Contains("0.7") && Contains("0.4"));
}

}  // namespace
}  // namespace stoker::augment
