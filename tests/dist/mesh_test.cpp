#include "stoker/dist/mesh.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <mutex>
#include <string>
#include <vector>

#include "dist/threads.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using dist::Group;
using dist::Mesh;
using dist::MeshShape;
using dist::Shard;
using test::checking;

namespace {

dist::DistOptions options_of(std::optional<int64_t> data, std::optional<int64_t> shard,
                             int64_t pipeline, Shard divides) {
  return {.shard = divides, .mesh = {.data = data, .shard = shard, .pipeline = pipeline}};
}

std::vector<int64_t> numbers(Group& group, int64_t own) {
  std::vector<int64_t> all;
  for (const std::string& text : group.gather(std::to_string(own))) all.push_back(std::stoll(text));
  return all;
}

}  // namespace

TEST_CASE("what a mesh leaves open follows from the number of ranks") {
  const auto shape = [](std::optional<int64_t> data, std::optional<int64_t> shard, int64_t pipeline,
                        Shard divides, int64_t ranks) {
    const MeshShape s = dist::mesh_shape(options_of(data, shard, pipeline, divides), ranks);
    return std::vector<int64_t>{s.data, s.shard, s.pipeline};
  };
  using Sizes = std::vector<int64_t>;
  CHECK(shape({}, {}, 1, Shard::kNone, 6) == Sizes{6, 1, 1});
  CHECK(shape({}, {}, 1, Shard::kOptimizer, 6) == Sizes{1, 6, 1});
  CHECK(shape(2, {}, 1, Shard::kParameters, 6) == Sizes{2, 3, 1});
  CHECK(shape({}, 2, 1, Shard::kGradients, 6) == Sizes{3, 2, 1});
  CHECK(shape({}, {}, 3, Shard::kNone, 6) == Sizes{2, 1, 3});
  CHECK(shape({}, {}, 3, Shard::kOptimizer, 6) == Sizes{1, 2, 3});
  CHECK(shape({}, 2, 3, Shard::kOptimizer, 12) == Sizes{2, 2, 3});
  CHECK(shape(2, 3, 4, Shard::kNone, 1) == Sizes{1, 1, 1});  // one rank alone
}

TEST_CASE("a mesh that does not fit its ranks is refused by the numbers") {
  const auto fault = [](const dist::DistOptions& options, int64_t ranks) {
    try {
      dist::mesh_shape(options, ranks);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(fault(options_of({}, {}, 4, Shard::kNone), 6),
             Catch::Contains("{data: auto, shard: auto, pipeline: 4}") &&
                 Catch::Contains("does not make 6 ranks"));
  CHECK_THAT(fault(options_of(4, {}, 1, Shard::kNone), 6), Catch::Contains("{data: 4"));
  CHECK_THAT(fault(options_of({}, {}, 9, Shard::kGradients), 6), Catch::Contains("pipeline: 9"));
  CHECK_THAT(fault(options_of({}, 2, 1, Shard::kNone), 6),
             Catch::Contains("dist.mesh.shard") && Catch::Contains("dist.shard is none"));
  CHECK_THAT(fault(options_of(6, {}, 1, Shard::kGradients), 6),
             Catch::Contains("dist.mesh.shard") && Catch::Contains("dist.shard: gradients"));
  CHECK_THAT(fault(options_of({}, {}, 2, Shard::kOptimizer), 2), Catch::Contains("pipeline: 2"));
}

TEST_CASE("the groups of a mesh are its rows and columns") {
  test::as_ranks(6, [](Group& all) {
    Mesh mesh(all, {.data = 3, .shard = 1, .pipeline = 2});
    const std::vector<int64_t> stage = numbers(mesh.replicas(), all.rank());
    const std::vector<int64_t> column = numbers(mesh.stages(), all.rank());
    const std::vector<int64_t> back = numbers(mesh.stages_back(), all.rank());
    std::vector<int64_t> sums{1, all.rank()};
    mesh.replicas().sum(std::span<int64_t>(sums));
    const std::lock_guard lock(checking);
    const int64_t first = all.rank() / 3 * 3, top = all.rank() % 3;
    CHECK(stage == std::vector<int64_t>{first, first + 1, first + 2});
    CHECK(column == std::vector<int64_t>{top, top + 3});
    CHECK(back == column);
    CHECK(mesh.stages().rank() == all.rank() / 3);
    CHECK(mesh.replicas().rank() == top);
    CHECK(sums == std::vector<int64_t>{3, 3 * first + 3});
  });
  test::as_ranks(2, [](Group& all) {
    Mesh mesh(all, {.pipeline = 2});
    const std::lock_guard lock(checking);
    CHECK(mesh.replicas().is_alone());
    CHECK(mesh.stages().size() == 2);
  });
}

TEST_CASE("what is divided among some ranks is summed over all, and gathered from those alone") {
  test::as_ranks(6, [](Group& all) {
    Mesh mesh(all, {.data = 2, .shard = 3});
    Group& dividing = mesh.dividing();
    // Rank r has r, 10 r, 100 r, of which each keeps one place: sums over all are 15, 150, 1500.
    const at::Tensor whole = at::full({3}, static_cast<double>(all.rank()));
    whole[1] *= 10;
    whole[2] *= 100;
    const at::Tensor own = at::zeros({1}), back = at::zeros({3});
    dividing.begin_reduce(own, whole)->wait();
    dividing.gather_parts(back, own);
    const std::lock_guard lock(checking);
    CHECK(dividing.size() == 3);
    CHECK(dividing.rank() == all.rank() % 3);
    CHECK(back[0].item<float>() == 15);
    CHECK(back[1].item<float>() == 150);
    CHECK(back[2].item<float>() == 1500);
  });
}

TEST_CASE("what one rank sends another receives, in its order, while more is under way") {
  test::as_ranks(3, [](Group& all) {
    constexpr int64_t kCount = 5;
    const int64_t next = (all.rank() + 1) % 3, previous = (all.rank() + 2) % 3;
    std::vector<std::unique_ptr<dist::Pending>> sending;
    for (int64_t i = 0; i < kCount; ++i)
      sending.push_back(all.begin_send(at::arange(i + 2) + 100 * all.rank(), next));
    std::vector<at::Tensor> received;
    for (int64_t i = 0; i < kCount; ++i) {
      received.push_back(at::zeros({i + 2}, at::kLong));
      all.receive(received.back(), previous);
    }
    for (const auto& pending : sending) pending->wait();
    const std::lock_guard lock(checking);
    for (int64_t i = 0; i < kCount; ++i)
      CHECK(received[static_cast<size_t>(i)].equal(at::arange(i + 2) + 100 * previous));
  });
}

TEST_CASE("a rank that leaves wakes those who wait for it in a part") {
  test::as_ranks(3, [](Group& all) {
    Mesh mesh(all, {.pipeline = 3});
    if (all.rank() == 1) {
      all.leave(ExitCode::kData, "a.jpg: not a JPEG");
      return;
    }
    std::string why;
    try {
      mesh.stages().receive(at::zeros({4}), 1);
    } catch (const dist::PeerFailed& error) {
      why = error.what();
    }
    all.leave(ExitCode::kData, "");
    const std::lock_guard lock(checking);
    CHECK_THAT(why, Catch::Contains("a.jpg"));
  });
}
