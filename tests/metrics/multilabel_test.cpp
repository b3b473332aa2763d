#include "stoker/metrics/multilabel.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::metrics {
namespace {

struct Scored {
  at::Tensor logits, targets, losses;
};

// The formulas of tests/golden/metrics_multilabel.py.
Scored scored(int64_t images, int64_t classes) {
  Scored result{at::empty({images, classes}, at::kFloat), at::zeros({images, classes}, at::kFloat),
                at::empty({images}, at::kFloat)};
  for (int64_t i = 0; i < images; ++i) {
    for (int64_t c = 0; c < classes; ++c) {
      result.logits.accessor<float, 2>()[i][c] =
          static_cast<float>((i * 7 + c * 5 + i * c * 3) % 11) / 4 - 1;
      if (c != 2 && (i * 5 + c * 3 + i * i) % 7 < 1 + c % 4)
        result.targets.accessor<float, 2>()[i][c] = 1;
    }
    result.losses.accessor<float, 1>()[i] = static_cast<float>(i % 8) / 8;
  }
  return result;
}

// In three batches of different sizes, one of them empty.
ClassificationResult measured(const Scored& all, double threshold = 0.5) {
  MultilabelMetrics metrics(all.logits.size(1));
  const int64_t n = all.logits.size(0), cut = n / 3;
  const std::pair<int64_t, int64_t> ranges[] = {{0, cut}, {cut, cut}, {cut, n}};
  for (const auto& [begin, end] : ranges)
    metrics.add(all.logits.slice(0, begin, end), all.targets.slice(0, begin, end),
                all.losses.slice(0, begin, end));
  return result_of(metrics.scores(), threshold);
}

// Float64 sums of fewer than 100 numbers in another order.
bool is_near(double a, double b) { return std::abs(a - b) < 1e-12; }

TEST_CASE("average precision and F1 of several labels are those of numpy in float64") {
  std::ifstream file("tests/golden/metrics_multilabel.json");
  for (const auto& golden : nlohmann::json::parse(file)) {
    const auto classes = golden["classes"].get<int64_t>();
    INFO(golden["images"] << " images, " << classes << " classes");
    const ClassificationResult got =
        measured(scored(golden["images"], classes), golden["threshold"]);
    CHECK(got.is_multilabel);
    CHECK(got.images == golden["images"].get<int64_t>());
    CHECK(is_near(got.loss, golden["loss"]));
    CHECK(is_near(got.map, golden["map"]));
    CHECK(is_near(got.f1_micro, golden["f1_micro"]));
    CHECK(is_near(got.f1_macro, golden["f1_macro"]));
    REQUIRE(std::ssize(got.per_class) == classes);
    for (size_t c = 0; c < got.per_class.size(); ++c) {
      INFO("class " << c);
      const auto& row = golden["per_class"][c];
      const auto& own = got.per_class[c];
      CHECK(own.images == row[0].get<int64_t>());
      const double figures[] = {own.precision,         own.recall,         own.f1,
                                own.average_precision, own.best_threshold, own.best_f1};
      for (size_t f = 0; f < std::size(figures); ++f) CHECK(is_near(figures[f], row[f + 1]));
    }
  }
}

TEST_CASE("the scores of two ranks put together give the result of one, bit for bit") {
  const Scored all = scored(23, 5);
  const auto scores = [&](int64_t begin, int64_t end) {
    MultilabelMetrics metrics(5);
    metrics.add(all.logits.slice(0, begin, end), all.targets.slice(0, begin, end),
                all.losses.slice(0, begin, end));
    return metrics.scores();
  };
  const MultilabelScores a = scores(0, 7), b = scores(7, 23);
  MultilabelScores joined{at::empty({23, 5}, at::kFloat), at::empty({23, 5}, at::kByte),
                          at::empty({2}, at::kDouble)};
  const auto join = [](const at::Tensor& to, const at::Tensor& first, const at::Tensor& second) {
    to.slice(0, 0, first.size(0)).copy_(first);
    to.slice(0, first.size(0)).copy_(second);
  };
  join(joined.logits, a.logits, b.logits);
  join(joined.targets, a.targets, b.targets);
  join(joined.losses, a.losses, b.losses);
  const ClassificationResult one = measured(all), two = result_of(joined, 0.5);
  CHECK(one.map == two.map);
  CHECK(one.loss == two.loss);
  CHECK(one.f1_micro == two.f1_micro);
}

TEST_CASE("outputs that are not finite are counted and score nothing") {
  Scored all = scored(9, 4);
  all.logits.fill_(-3);
  all.targets.zero_();
  all.targets.select(0, 6).fill_(1);
  all.logits.select(0, 6).fill_(std::numeric_limits<float>::quiet_NaN());
  const ClassificationResult got = measured(all);
  CHECK(got.nonfinite_images == 1);
  CHECK(got.map == Approx(1.0 / 9));  // the last of nine
  CHECK(got.f1_micro == 0);
}

TEST_CASE("without an image, and with shapes that do not fit") {
  MultilabelMetrics metrics(3);
  const ClassificationResult none = result_of(metrics.scores(), 0.5);
  CHECK(none.images == 0);
  CHECK(none.map == 0);
  CHECK_THROWS_AS(metrics.add(at::zeros({2, 4}), at::zeros({2, 4}), at::zeros({2})), InternalError);
  CHECK_THROWS_AS(metrics.add(at::zeros({2, 3}), at::zeros({2}), at::zeros({2})), InternalError);
}

}  // namespace
}  // namespace stoker::metrics
