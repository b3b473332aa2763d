#include "stoker/dist/group.h"

#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>

#include <array>
#include <chrono>
#include <mutex>

#include "dist/threads.h"
#include "support/catch.h"

using namespace stoker;
using test::as_ranks;

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("one process is a group of its own") {
  dist::Group& group = dist::alone();
  CHECK(group.is_alone());
  CHECK(group.is_first());
  std::array<int64_t, 2> values{3, 4};
  group.sum(std::span<int64_t>(values));
  group.max(std::span<int64_t>(values));
  CHECK(values == std::array<int64_t, 2>{3, 4});
  CHECK(group.gather("a") == std::vector<std::string>{"a"});
  CHECK(group.broadcast("b") == "b");
  CHECK(group.text().empty());
  CHECK(group.hosts().size() == 1);
  CHECK(dist::planned(1024)->size() == 1024);
}

TEST_CASE("sums, maxima, gathered and broadcast texts are the same on all ranks") {
  std::mutex mutex;  // Catch's checks are for one thread
  for (const int64_t world : {1, 2, 3, 4}) {
    as_ranks(world, [&](dist::Group& group) {
      const int64_t rank = group.rank(), size = group.size();
      std::array<int64_t, 3> values{rank, -rank, 7};
      group.sum(std::span<int64_t>(values));
      std::array<int64_t, 2> most{rank, -rank};
      group.max(std::span<int64_t>(most));
      at::Tensor tensor = at::full({5}, static_cast<double>(rank + 1), at::kFloat);
      group.sum(tensor);
      at::Tensor counts = at::full({2, 3}, rank, at::kLong);
      group.sum(counts);
      // Bytes of any kind and length, none among them.
      const std::string own(static_cast<size_t>(3 * rank), static_cast<char>(200 + rank));
      const auto texts = group.gather(own);
      const std::string first = group.broadcast(rank == 0 ? std::string("x\0y", 3) : "other");
      const std::string nothing = group.broadcast("");
      const std::lock_guard lock(mutex);
      const int64_t sum = size * (size - 1) / 2;
      CHECK(values == std::array<int64_t, 3>{sum, -sum, 7 * size});
      CHECK(most == std::array<int64_t, 2>{size - 1, 0});
      CHECK(tensor[4].item<float>() == static_cast<float>(sum + size));
      CHECK(counts[1][2].item<int64_t>() == sum);
      REQUIRE(static_cast<int64_t>(texts.size()) == size);
      for (int64_t other = 0; other < size; ++other) {
        CHECK(texts[static_cast<size_t>(other)] ==
              std::string(static_cast<size_t>(3 * other), static_cast<char>(200 + other)));
      }
      CHECK(first == std::string("x\0y", 3));
      CHECK(nothing.empty());
    });
  }
}

TEST_CASE("sums of floats are the same bits on all ranks") {
  std::mutex mutex;
  std::vector<at::Tensor> sums;
  as_ranks(3, [&](dist::Group& group) {
    at::Tensor values;
    {
      const std::lock_guard lock(mutex);
      values = at::randn({1'000'003});
    }
    group.sum(values);
    const std::lock_guard lock(mutex);
    sums.push_back(values);
  });
  CHECK(sums[0].equal(sums[1]));
  CHECK(sums[0].equal(sums[2]));
}

TEST_CASE("a rank that never comes is named within the time-out") {
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_WITH(as_ranks(
                        3, [](dist::Group&) {}, {.join_timeout_s = 0.5}, /*started=*/2),
                    Catch::Contains("waited 0.5 s") && Catch::Contains("rank 2 of 3") &&
                        Catch::Contains("dist.join_timeout_s"));
  CHECK(seconds_since(begin) < 5);
  // Nobody serves the store.
  const test::Port port = test::listening_port();
  ::close(port.socket);
  CHECK_THROWS_WITH(dist::join(test::place_of(1, 2, port), {.join_timeout_s = 0.5}, c10::kCPU, ""),
                    Catch::Contains("did not reach rank 0 at 127.0.0.1 port"));
}

TEST_CASE("a rank that leaves by an error is quoted by the others, with its code") {
  std::mutex mutex;
  int64_t quoted = 0;
  as_ranks(3, [&](dist::Group& group) {
    if (group.rank() == 1) {
      group.leave(ExitCode::kData, "a.jpg: not a JPEG");
      return;
    }
    try {
      int64_t value = 1;
      for (int i = 0; i < 1000; ++i) group.sum(std::span<int64_t>(&value, 1));
    } catch (const dist::PeerFailed& error) {
      group.leave(error.exit_code(), error.what());
      const std::lock_guard lock(mutex);
      CHECK(error.exit_code() == ExitCode::kData);
      CHECK_THAT(error.what(),
                 Catch::Contains("rank 1 of 3 (host ") && Catch::Contains("a.jpg: not a JPEG"));
      ++quoted;
    }
  });
  CHECK(quoted == 2);
}
