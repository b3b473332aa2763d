#include "stoker/tuning/line_fit.h"

#include <algorithm>
#include <span>

#include "stoker/tuning/probes.h"
#include "support/catch.h"
#include "support/thrown.h"

namespace stoker::tuning {
namespace {

constexpr int64_t kMiB = 1 << 20;

int64_t truth(int64_t microbatch) { return 41 * kMiB + microbatch * 21 * kMiB + 7; }

// Another sum leads with fewer than 10 images.
int64_t bent(int64_t microbatch) {
  return std::max(truth(microbatch), 141 * kMiB + microbatch * 11 * kMiB);
}

TEST_CASE("a line through exact probes is exact, in any order", "[tuning]") {
  const Line line = fit_line(std::vector<Probe>{{8, truth(8)}, {24, truth(24)}, {2, truth(2)}});
  CHECK(line.at(160) == truth(160));
  CHECK(line.residual < 1e-12);
  CHECK(largest_under(line, truth(160), 4096) == 160);
  CHECK(largest_under(line, truth(160) - 1, 4096) == 159);
  CHECK(largest_under(line, truth(160), 100) == 100);
  CHECK(largest_under(line, truth(1) - 1, 4096) == 0);
}

TEST_CASE("the sum that leads with the largest sizes is the one that leads on", "[tuning]") {
  const std::vector<Probe> probes{{2, bent(2)}, {8, bent(8)}, {24, bent(24)}, {48, bent(48)}};
  const Line line = fit_line(probes);
  CHECK(line.at(160) == truth(160));
  CHECK(line.residual > 0.1);
  CHECK_FALSE(has_bent(std::span(probes).first(2)));
  CHECK(has_bent(std::span(probes).first(3)));
  CHECK(has_bent(probes));
  CHECK_FALSE(has_bent(std::vector<Probe>{{24, bent(24)}, {48, bent(48)}, {96, bent(96)}}));
}

TEST_CASE("a jump between small sizes is no part of what an image takes", "[tuning]") {
  const std::vector<Probe> probes{{2, 200}, {12, 1200}, {22, 1300}, {32, 1400}};
  CHECK(fit_line(probes).at(42) == 1500);
  CHECK(has_bent(std::span(probes).first(3)));
  CHECK_FALSE(has_bent(probes));
}

TEST_CASE("of two probes of one size the higher peak counts", "[tuning]") {
  CHECK(fit_line(std::vector<Probe>{{2, 200}, {8, 700}, {8, 800}}).at(14) == 1400);
}

TEST_CASE("probes that no line can be laid through are refused", "[tuning]") {
  const auto refusal = [](const std::vector<Probe>& probes) {
    return test::message_of<UnfitProbes>([&] { fit_line(probes); });
  };
  CHECK_THAT(refusal({{8, 100}}), Catch::Contains("at least two different sizes"));
  CHECK_THAT(refusal({}), Catch::Contains("0 probes"));
  CHECK_THAT(refusal({{8, 100}, {8, 110}}), Catch::Contains("2 probes of one micro-batch"));
  CHECK_THAT(refusal({{2, 100}, {8, 100}}), Catch::Contains("does not grow"));
  CHECK_THAT(refusal({{2, 100}, {8, 90}}), Catch::Contains("100 bytes at 2, 90 bytes at 8"));
  CHECK_THAT(refusal({{0, 100}, {8, 110}}), Catch::Contains("above 0"));
  CHECK_THAT(refusal({{2, 0}, {8, 110}}), Catch::Contains("peak of 0 bytes"));
}

TEST_CASE("a margin is a share of the limit, with a least size and a most", "[tuning]") {
  CHECK(margin_bytes(100'000 * kMiB) == 3000 * kMiB);
  CHECK(margin_bytes(1000 * kMiB) == 64 * kMiB);
  CHECK(margin_bytes(100 * kMiB) == 25 * kMiB);
}

std::vector<Probe> probe_all(const SizeRange& range, int64_t limit) {
  std::vector<Probe> probes;
  while (const auto size = next_memory_probe(probes, range, limit))
    probes.push_back({*size, truth(*size)});
  return probes;
}

TEST_CASE("memory probes are three, growing, and stay below half of the limit", "[tuning]") {
  const std::vector<Probe> probes = probe_all({2, 128}, 4096 * kMiB);
  REQUIRE(probes.size() == 3);
  CHECK(probes[0].microbatch == 2);
  CHECK(probes[1].microbatch == 8);
  CHECK(probes[2].microbatch == 32);
  for (int64_t limit = 50 * kMiB; limit < 6000 * kMiB; limit += 37 * kMiB) {
    const std::vector<Probe> under = probe_all({1, 512}, limit);
    for (size_t i = 1; i < under.size(); ++i) CHECK(under[i].peak_bytes <= limit / 2);
  }
}

TEST_CASE("memory probes go on where their memory bends", "[tuning]") {
  std::vector<Probe> probes;
  while (const auto size = next_memory_probe(probes, {1, 256}, 100'000 * kMiB))
    probes.push_back({*size, bent(*size)});
  REQUIRE(probes.size() == 5);
  CHECK(probes[2].microbatch == 16);
  CHECK(probes[3].microbatch == 64);
  CHECK(probes[4].microbatch == 128);
  CHECK(fit_line(probes).at(256) == truth(256));
}

TEST_CASE("memory probes go on where the largest that fits is far from them", "[tuning]") {
  CHECK(probe_all({1, 64}, 4096 * kMiB).size() == 3);
  CHECK(probe_all({1, 256}, 4096 * kMiB).back().microbatch == 64);
  CHECK(probe_all({1, 600}, 40960 * kMiB).back().microbatch == 256);
  CHECK(probe_all({1, 4000}, 40960 * kMiB).size() == 6);
  CHECK(probe_all({1, 100'000}, 409600 * kMiB).size() == 6);
}

TEST_CASE("memory probes end at the largest size", "[tuning]") {
  CHECK(probe_all({1, 1}, 4096 * kMiB).size() == 1);
  const std::vector<Probe> probes = probe_all({1, 5}, 4096 * kMiB);
  REQUIRE(probes.size() == 3);
  CHECK(probes[1].microbatch == 4);
  CHECK(probes[2].microbatch == 5);
}

TEST_CASE("sizes to time are powers of two and the ends, none beyond what fits", "[tuning]") {
  CHECK(sizes_to_time({1, 100}) == std::vector<int64_t>{1, 2, 4, 8, 16, 32, 64, 100});
  CHECK(sizes_to_time({2, 64}) == std::vector<int64_t>{2, 4, 8, 16, 32, 64});
  CHECK(sizes_to_time({3, 3}) == std::vector<int64_t>{3});
  CHECK(sizes_to_time({1, int64_t{1} << 62}).back() == int64_t{1} << 62);
}

TEST_CASE("a second look goes between the knee and the size before it", "[tuning]") {
  const std::vector<int64_t> timed{8, 16, 32, 64};
  const std::vector<int64_t> wished{1, 2, 5, 100, 192, 224, 256, 300};
  CHECK(sizes_of_steps(wished, 256) == std::vector<int64_t>{1, 2, 5, 86, 128, 256, 300});
  CHECK(sizes_of_steps(std::vector<int64_t>{7}, 7) == std::vector<int64_t>{7});
  CHECK(sizes_near_knee(timed, 32) == std::vector<int64_t>{24, 28});
  CHECK(sizes_near_knee(timed, 8).empty());
  CHECK(sizes_near_knee(std::vector<int64_t>{1, 2, 4}, 2).empty());
  CHECK(sizes_near_knee(std::vector<int64_t>{1, 2, 4}, 4) == std::vector<int64_t>{3});
}

}  // namespace
}  // namespace stoker::tuning
