#include "stoker/metrics/classification.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::metrics {
namespace {

struct Samples {
  at::Tensor logits, labels, losses;
};

// The formulas of tests/golden/metrics_classification.py.
Samples samples(int64_t images, int64_t classes, at::ScalarType dtype = at::kFloat) {
  Samples result{at::empty({images, classes}, at::kDouble), at::empty({images}, at::kLong),
                 at::empty({images}, at::kFloat)};
  for (int64_t i = 0; i < images; ++i) {
    for (int64_t c = 0; c < classes; ++c)
      result.logits.accessor<double, 2>()[i][c] =
          static_cast<double>((i * 7 + c * 5 + i * c * 3) % 11) / 4 - 1;
    result.labels.accessor<int64_t, 1>()[i] = (i * 3 + i / 4) % classes;
    result.losses.accessor<float, 1>()[i] = static_cast<float>(i % 8) / 8;
  }
  result.logits = result.logits.to(dtype);
  return result;
}

// In three batches of different sizes, one of them empty.
ClassificationResult measure(const Samples& all) {
  ClassificationMetrics metrics(all.logits.size(1));
  const int64_t n = all.logits.size(0), cut = n / 3;
  const std::pair<int64_t, int64_t> ranges[] = {{0, cut}, {cut, cut}, {cut, n}};
  for (const auto& [begin, end] : ranges)
    metrics.add(all.logits.slice(0, begin, end), all.labels.slice(0, begin, end),
                all.losses.slice(0, begin, end));
  return metrics.result();
}

// Float64 sums of fewer than 100 numbers in another order.
bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

TEST_CASE("metrics are those of numpy in float64, for every dtype of the logits") {
  std::ifstream file("tests/golden/metrics_classification.json");
  for (const auto& golden : nlohmann::json::parse(file)) {
    for (const auto dtype : {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf}) {
      const auto classes = golden["classes"].get<int64_t>();
      INFO(golden["images"] << " images, " << classes << " classes, dtype "
                            << static_cast<int>(dtype));
      const ClassificationResult got = measure(samples(golden["images"], classes, dtype));
      CHECK(got.images == golden["images"].get<int64_t>());
      CHECK(near(got.loss, golden["loss"]));
      CHECK(near(got.top1, golden["top1"]));
      CHECK(near(got.top5, golden["top5"]));
      CHECK(near(got.ece, golden["ece"]));
      CHECK(got.confusion == golden["confusion"].get<std::vector<std::vector<int64_t>>>());
      REQUIRE(got.per_class.size() == static_cast<size_t>(classes));
      for (size_t c = 0; c < got.per_class.size(); ++c) {
        const auto& expected = golden["per_class"][c];
        CHECK(got.per_class[c].images == expected[0].get<int64_t>());
        CHECK(near(got.per_class[c].precision, expected[1]));
        CHECK(near(got.per_class[c].recall, expected[2]));
        CHECK(near(got.per_class[c].f1, expected[3]));
      }
    }
  }
}

TEST_CASE("equal logits go to the lower class") {
  ClassificationMetrics metrics(7);
  for (int64_t label = 0; label < 7; ++label)
    metrics.add(at::zeros({1, 7}), at::full({1}, label, at::kLong), at::zeros({1}));
  const ClassificationResult result = metrics.result();
  CHECK(near(result.top1, 1.0 / 7));
  CHECK(near(result.top5, 5.0 / 7));
  for (int64_t label = 0; label < 7; ++label)
    CHECK(result.confusion[static_cast<size_t>(label)] ==
          std::vector<int64_t>{1, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("nothing measured is zero") {
  const ClassificationResult result = ClassificationMetrics(3).result();
  CHECK(result.images == 0);
  CHECK(result.top1 == 0);
  CHECK(result.ece == 0);
  CHECK(result.per_class.size() == 3);
  CHECK(result.confusion.size() == 3);
  ClassificationMetrics empty(3);
  empty.add(at::zeros({0, 3}), at::zeros({0}, at::kLong), at::zeros({0}));
  CHECK(empty.result().images == 0);
}

TEST_CASE("a network that yields NaN scores nothing") {
  ClassificationMetrics metrics(8);
  metrics.add(at::full({4, 8}, NAN), at::full({4}, 0, at::kLong), at::full({4}, NAN));
  const ClassificationResult result = metrics.result();
  CHECK(result.images == 4);
  CHECK(result.top1 == 0);
  CHECK(result.top5 == 0);
  CHECK(std::isnan(result.loss));
}

TEST_CASE("a confident network that is right is calibrated, one that is wrong is not") {
  const auto ece = [](int64_t label) {
    ClassificationMetrics metrics(2);
    at::Tensor logits = at::zeros({6, 2});
    logits.select(1, 1).fill_(100);
    metrics.add(logits, at::full({6}, label, at::kLong), at::zeros({6}));
    return metrics.result().ece;
  };
  CHECK(near(ece(1), 0));
  CHECK(near(ece(0), 1));
}

TEST_CASE("calibration is of the probabilities that are given, whatever the logits") {
  ClassificationMetrics metrics(2);
  at::Tensor logits = at::zeros({6, 2});
  logits.select(1, 1).fill_(100);
  metrics.add(logits, at::full({6}, 1, at::kLong), at::zeros({6}), at::full({6, 2}, 0.25));
  CHECK(metrics.result().top1 == 1);
  CHECK(near(metrics.result().ece, 0.75));
}

TEST_CASE("with very many classes the confusion matrix is left out, the rest stays") {
  const int64_t classes = kConfusionClasses + 1;
  ClassificationMetrics metrics(classes);
  at::Tensor logits = at::zeros({2, classes});
  logits.select(1, classes - 1).fill_(1);
  metrics.add(logits, at::full({2}, classes - 1, at::kLong), at::zeros({2}));
  const ClassificationResult result = metrics.result();
  CHECK(result.confusion.empty());
  CHECK(result.top1 == 1);
  CHECK(result.per_class.back().f1 == 1);
}

TEST_CASE("shapes and labels that do not fit are refused") {
  ClassificationMetrics metrics(3);
  const at::Tensor labels = at::zeros({2}, at::kLong), losses = at::zeros({2});
  CHECK_THROWS_AS(metrics.add(at::zeros({2, 4}), labels, losses), InternalError);
  CHECK_THROWS_AS(metrics.add(at::zeros({5, 3}), labels, losses), InternalError);
  CHECK_THROWS_AS(metrics.add(at::zeros({2, 3}), labels, at::zeros({1})), InternalError);
  CHECK_THROWS_AS(metrics.add(at::zeros({2, 3}), at::full({2}, 3, at::kLong), losses),
                  InternalError);
  CHECK_THROWS_AS(metrics.add(at::zeros({2, 3}), at::full({2}, -1, at::kLong), losses),
                  InternalError);
  CHECK_THROWS_AS(ClassificationMetrics(0), InternalError);
  CHECK(metrics.result().images == 0);
}

}  // namespace
}  // namespace stoker::metrics
