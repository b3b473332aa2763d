#include "stoker/metrics/guesses.h"

#include <ATen/ops/tensor.h>

#include <limits>

#include "support/catch.h"

using namespace stoker;
using metrics::Guess;
using metrics::Guesses;

namespace {

Guess guess(int64_t label, int64_t first, double loss, double margin) {
  return {.label = label,
          .loss = loss,
          .classes = {first, (first + 1) % 5, -1},
          .probabilities = {0.5 + margin / 2, 0.5 - margin / 2, 0}};
}

}  // namespace

TEST_CASE("guesses are the likeliest classes of each image, over batches") {
  Guesses guesses;
  const at::Tensor logits = at::tensor({0.0, 3.0, 1.0, 2.0, 5.0, 0.0, 4.0, 4.0}).reshape({2, 4});
  guesses.add({7, 9}, logits, at::tensor({1, 3}), at::tensor({0.25, 1.5}));
  guesses.add({}, logits.narrow(0, 0, 0), at::tensor({1, 3}).narrow(0, 0, 0),
              at::tensor({0.25}).narrow(0, 0, 0));
  guesses.add({2}, logits.narrow(0, 0, 1).to(at::kFloat), at::tensor({0}), at::tensor({2.0f}));
  const std::vector<Guess> list = guesses.list();
  REQUIRE(list.size() == 3);
  CHECK(list[0].sample == 7);
  CHECK(list[0].label == 1);
  CHECK(list[0].loss == 0.25);
  CHECK(list[0].classes == std::array<int64_t, 3>{1, 3, 2});
  // exp(3) / (1 + e + e^2 + e^3)
  CHECK(list[0].probabilities[0] == Approx(0.643914).epsilon(1e-5));
  CHECK(list[0].is_right());
  CHECK(list[1].classes[0] == 0);
  CHECK_FALSE(list[1].is_right());
  CHECK(list[2].sample == 2);
  CHECK(Guesses().list().empty());
}

TEST_CASE("guesses have the probabilities that they are given") {
  Guesses guesses;
  const at::Tensor logits = at::tensor({-1.0, 2.0, 0.0}).reshape({1, 3});
  guesses.add({4}, logits, at::tensor({1}), at::tensor({0.3}), logits.sigmoid());
  CHECK(guesses.list()[0].classes == std::array<int64_t, 3>{1, 2, 0});
  CHECK(guesses.list()[0].probabilities[0] == Approx(0.880797).epsilon(1e-5));  // 1 / (1 + e^-2)
  CHECK(guesses.list()[0].probabilities[1] == 0.5);
}

TEST_CASE("with fewer classes than guesses the rest is none") {
  Guesses guesses;
  guesses.add({0}, at::tensor({1.0, 2.0}).reshape({1, 2}), at::tensor({1}), at::tensor({0.3}));
  CHECK(guesses.list()[0].classes == std::array<int64_t, 3>{1, 0, -1});
}

TEST_CASE("worth showing are the worst losses, the smallest margins and some of each worst pair") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Guess> list{guess(0, 0, 0.1, 0.9), guess(0, 1, 5.0, 0.4), guess(0, 1, 2.0, 0.1),
                                guess(2, 3, 9.0, 0.8), guess(0, 1, 3.0, 0.2), guess(0, 1, 1.0, 0.3),
                                guess(4, 4, 0.2, 0.0), guess(1, 2, nan, 0.0)};
  const metrics::NotableGuesses found = metrics::notable(list, 3);
  CHECK(found.wrong == std::vector<size_t>{3, 1, 4});
  CHECK(found.uncertain == std::vector<size_t>{6, 2, 4});
  CHECK(found.pairs == std::vector<size_t>{1, 2, 4, 7, 3});
}
