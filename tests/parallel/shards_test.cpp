#include "stoker/parallel/shards.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "dist/threads.h"
#include "parallel/blocks_model.h"
#include "stoker/core/error.h"
#include "stoker/dist/mesh.h"
#include "stoker/optim/adam.h"
#include "stoker/optim/clip.h"
#include "stoker/optim/sharded.h"
#include "support/catch.h"

using namespace stoker;
using parallel::Shards;
using parallel::ShardsOptions;
using test::BlocksModel;
using test::checking;
using weights::NamedTensors;

namespace {

std::unique_ptr<BlocksModel> seeded_model() {
  const std::lock_guard lock(checking);
  at::manual_seed(7);
  return std::make_unique<BlocksModel>();
}

constexpr int64_t kImages = 12;

// Of a step: [12, 3, 4, 4].
at::Tensor images_of(int step) {
  const std::lock_guard lock(checking);
  at::manual_seed(static_cast<uint64_t>(100 + step));
  return at::randn({kImages, 3, 4, 4});
}

NamedTensors named(const models::Model& model) {
  NamedTensors parameters;
  for (const auto& item : model.named_parameters())
    parameters.emplace_back(item.key(), item.value());
  return parameters;
}

std::vector<optim::ParameterGroup> groups_of(const models::Model& model) {
  std::vector<optim::ParameterGroup> groups(2);
  for (const auto& item : named(model))
    groups[item.second.dim() > 1 ? 0 : 1].parameters.push_back(item);
  groups[0].weight_decay = 0.1;
  groups[1].lr_factor = 0.5;
  return groups;
}

const optim::BuildOptimizer kAdam = [](std::vector<optim::ParameterGroup> groups) {
  return optim::make_adam({.lr = 0.01, .decoupled = true}, std::move(groups));
};

// A rank's model, divided.
struct Rank {
  // all: whose images these are, if more than those that divide.
  explicit Rank(dist::Group& ranks, const ShardsOptions& options = {.divides_parameters = true},
                models::Recompute rung = models::Recompute::kNone, dist::Group* all = nullptr)
      : group(all != nullptr ? *all : ranks), model(seeded_model()) {
    model->set_recompute(rung);
    shards = std::make_shared<Shards>(ranks, *model, BlocksModel::context(), options);
    optimizer = optim::make_sharded(ranks, groups_of(*model), kAdam, shards);
  }
  void begin() {
    shards->begin();
    exchange = optimizer->exchange(group, named(*model));
  }
  // This rank's part of the images of a step, in `passes` micro-batches.
  void gradients(int step, int64_t passes) {
    const int64_t size = kImages / group.size() / passes;
    const at::Tensor images = images_of(step);
    exchange->begin_step(passes);
    for (int64_t pass = 0; pass < passes; ++pass)
      pass_over(images.narrow(0, (group.rank() * passes + pass) * size, size));
    exchange->finish(dist::Share::kWhole);
  }
  void pass_over(const at::Tensor& images) {
    exchange->before_micro_batch(false);
    (model->forward(images).square().sum() / kImages).backward();
  }
  void step(int number, int64_t passes = 2) {
    gradients(number, passes);
    optimizer->step({});
    optimizer->zero_grad();
  }
  // On the first rank.
  NamedTensors whole() {
    optimizer->gather_state();
    return optimizer->at_hand(named(*model));
  }

  dist::Group& group;
  std::unique_ptr<BlocksModel> model;
  std::shared_ptr<Shards> shards;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::unique_ptr<dist::GradientExchange> exchange;
};

// What one process comes to.
struct Alone {
  std::unique_ptr<BlocksModel> model = seeded_model();
  std::unique_ptr<optim::Optimizer> optimizer = kAdam(groups_of(*model));

  void gradients(int number) {
    (model->forward(images_of(number)).square().sum() / kImages).backward();
  }
  void step(int number) {
    gradients(number);
    optimizer->step({});
    optimizer->zero_grad();
  }
};

void check_same(const NamedTensors& ours, const NamedTensors& expected, double tolerance = 1e-5) {
  const std::map<std::string, at::Tensor> found(ours.begin(), ours.end());
  REQUIRE(ours.size() == expected.size());
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    REQUIRE(found.contains(name));
    CHECK(found.at(name).sizes() == tensor.sizes());
    CHECK(found.at(name).strides() == tensor.strides());
    CHECK(found.at(name).allclose(tensor, tolerance, tolerance));
  }
}

const ShardsOptions kGradients{.unit_bytes = 4096};  // several units
const ShardsOptions kParameters{.divides_parameters = true};

}  // namespace

TEST_CASE("divided gradients and parameters train as one process does") {
  Alone alone;
  for (int step = 0; step < 3; ++step) alone.step(step);
  const NamedTensors expected = named(*alone.model), state = alone.optimizer->state();
  struct Case {
    ShardsOptions options;
    int64_t world;
    models::Recompute rung = models::Recompute::kNone;
  };
  const ShardsOptions kept{.divides_parameters = true, .reshard = false};
  for (const Case& one :
       {Case{kGradients, 3}, Case{kParameters, 2}, Case{kParameters, 3, models::Recompute::kBlocks},
        Case{kept, 2, models::Recompute::kBlocks}, Case{kept, 3}}) {
    test::as_ranks(one.world, [&](dist::Group& group) {
      Rank rank(group, one.options, one.rung);
      rank.begin();
      for (int step = 0; step < 3; ++step) rank.step(step);
      const NamedTensors whole = rank.whole();
      const std::lock_guard lock(checking);
      if (!group.is_first()) return;
      check_same(whole, expected);
      check_same(rank.optimizer->state(), state);
    });
  }
}

TEST_CASE("of a mesh some ranks divide what others have copies of") {
  Alone alone;
  for (int step = 0; step < 3; ++step) alone.step(step);
  const NamedTensors expected = named(*alone.model), state = alone.optimizer->state();
  for (const ShardsOptions& options : {kGradients, kParameters}) {
    test::as_ranks(4, [&](dist::Group& group) {
      dist::Mesh mesh(group, {.data = 2, .shard = 2});
      Rank rank(mesh.dividing(), options, models::Recompute::kNone, &group);
      rank.begin();
      for (int step = 0; step < 3; ++step) rank.step(step, 1);
      const NamedTensors whole = rank.whole();
      const std::lock_guard lock(checking);
      CHECK(rank.shards->bytes().gradients > 4 * 90 * (7 + 16 + 33 + 3) / 3);  // half of them
      if (!group.is_first()) return;
      check_same(whole, expected);
      check_same(rank.optimizer->state(), state);
    });
  }
}

TEST_CASE("of a mesh some ranks divide optimizer state that others have copies of") {
  Alone alone;
  for (int step = 0; step < 2; ++step) alone.step(step);
  const NamedTensors expected = named(*alone.model), state = alone.optimizer->state();
  test::as_ranks(4, [&](dist::Group& group) {
    dist::Mesh mesh(group, {.data = 2, .shard = 2});
    const std::unique_ptr<BlocksModel> model = seeded_model();
    const auto optimizer = optim::make_sharded(mesh.dividing(), groups_of(*model), kAdam);
    const auto exchange = optimizer->exchange(group, named(*model));
    for (int step = 0; step < 2; ++step) {
      const at::Tensor own = images_of(step).narrow(0, group.rank() * kImages / 4, kImages / 4);
      (model->forward(own).square().sum() / kImages).backward();
      exchange->finish(dist::Share::kWhole);
      optimizer->step({});
      optimizer->zero_grad();
    }
    optimizer->gather_state();
    const std::lock_guard lock(checking);
    check_same(named(*model), expected);
    if (group.is_first()) check_same(optimizer->state(), state);
  });
}

TEST_CASE("between its passes a rank has its part alone, and each block is open for its own") {
  test::as_ranks(3, [](dist::Group& group) {
    Rank rank(group);
    rank.begin();
    const auto is_there = [](const at::Tensor& tensor) {
      return tensor.storage().data_ptr().get() != nullptr;
    };
    rank.gradients(0, 2);
    const std::lock_guard lock(checking);
    CHECK(rank.shards->blocks() == 4);
    int64_t in_blocks = 0;
    for (const auto& [name, parameter] : named(*rank.model)) {
      INFO(name);
      const bool is_in_block = name.starts_with("block");
      CHECK(rank.shards->is_in_parts(name) == is_in_block);
      CHECK(is_there(parameter) == !is_in_block);
      CHECK_FALSE(parameter.grad().defined());
      if (is_in_block) in_blocks += parameter.numel();
    }
    CHECK(rank.shards->values_in_blocks() == in_blocks);
    int64_t values = 0;
    for (const auto& one : rank.optimizer->groups()) {
      for (const auto& [name, part] : one.parameters) {
        CHECK(part.grad().defined());
        values += part.numel();
      }
    }
    CHECK(values <= (in_blocks + 5 * 3 * 2 * 2 + 4 * 45) / 3 + 200);  // parts are whole lines
    const parallel::ShardBytes bytes = rank.shards->bytes();
    CHECK(bytes.gradients < 4 * in_blocks / 2);
    CHECK(bytes.parameters < 4 * (in_blocks / 2 + 5 * 3 * 2 * 2 + 4 * 45));
  });
}

TEST_CASE("the norm of divided gradients is that of all, and what is not finite is seen by all") {
  Alone alone;
  alone.gradients(0);
  const double expected = optim::grad_norm(*alone.optimizer).item<double>();
  for (const ShardsOptions& options : {kGradients, kParameters}) {
    test::as_ranks(3, [&](dist::Group& group) {
      Rank rank(group, options);
      rank.begin();
      rank.gradients(0, 1);
      const double norm = optim::clip_gradients(*rank.optimizer, {.norm = 0.01}).item<double>();
      const double clipped = optim::grad_norm(*rank.optimizer).item<double>();
      at::Tensor found = at::full({}, group.rank() == 2 ? 1.0 : 0.0, at::kFloat);
      rank.optimizer->share_found_inf(found);
      const std::lock_guard lock(checking);
      CHECK(norm == Approx(expected).epsilon(1e-5));
      CHECK(clipped == Approx(0.01).epsilon(1e-3));
      CHECK(found.item<float>() == 1);
    });
  }
}

TEST_CASE("a rank that fails sends zeros, and one with fewer micro-batches what it has") {
  Alone alone;
  for (const int step : {0, 2}) alone.step(step);
  const NamedTensors expected = named(*alone.model);
  test::as_ranks(2, [&](dist::Group& group) {
    Rank rank(group, kGradients);
    rank.begin();
    rank.step(0);
    // Rank 1 ends in the middle of its first pass of two.
    rank.exchange->begin_step(2);
    if (group.rank() == 1) {
      rank.exchange->before_micro_batch(false);
      rank.model->named_parameters()["head"].sum().backward();
      rank.exchange->finish(dist::Share::kNothing);
    } else {
      for (int pass = 0; pass < 2; ++pass) rank.pass_over(images_of(1));
      rank.exchange->finish(dist::Share::kWhole);
    }
    rank.optimizer->zero_grad();
    // Rank 0 has all images of a step in two passes, rank 1 none.
    rank.exchange->begin_step(2);
    if (group.rank() == 0)
      for (int pass = 0; pass < 2; ++pass) rank.pass_over(images_of(2).narrow(0, pass * 6, 6));
    rank.exchange->finish(dist::Share::kWhole);
    rank.optimizer->step({});
    const NamedTensors whole = rank.whole();
    const std::lock_guard lock(checking);
    if (group.is_first()) check_same(whole, expected);
  });
}

TEST_CASE("ranks make different numbers of passes without gradients") {
  Alone alone;
  at::Tensor expected;
  {
    const at::NoGradGuard no_grad;
    expected = alone.model->forward(images_of(5));
  }
  test::as_ranks(3, [&](dist::Group& group) {
    Rank rank(group);
    rank.begin();
    for (int evaluation = 0; evaluation < 2; ++evaluation) {
      const at::NoGradGuard no_grad;
      rank.model->gate().begin_passes();
      at::Tensor logits;
      for (int64_t pass = 0; pass < 2 - group.rank(); ++pass) {
        rank.model->blocks[2]->fails = group.rank() == 0 && pass == 1 && evaluation == 0;
        try {
          logits = rank.model->forward(images_of(5));
        } catch (const std::runtime_error&) {
        }
      }
      rank.model->blocks[2]->fails = false;
      rank.model->gate().catch_up(2);
      const std::lock_guard lock(checking);
      if (logits.defined()) CHECK(logits.allclose(expected, 1e-5, 1e-6));
    }
    rank.step(0);
  });
}

TEST_CASE("a run with divided parameters goes on from a whole one, with other ranks") {
  Alone alone;
  alone.step(0);
  NamedTensors saved, state;
  for (const auto& [name, tensor] : named(*alone.model))
    saved.emplace_back(name, tensor.detach().clone(at::MemoryFormat::Contiguous));
  for (const auto& [name, tensor] : alone.optimizer->state())
    state.emplace_back(name, tensor.clone(at::MemoryFormat::Contiguous));
  alone.step(1);
  const NamedTensors expected = named(*alone.model);
  for (const ShardsOptions& options : {kGradients, kParameters}) {
    test::as_ranks(2, [&](dist::Group& group) {
      Rank rank(group, options);
      {
        const at::NoGradGuard no_grad;
        for (auto& [name, parameter] : named(*rank.model)) {
          const auto found = std::ranges::find(saved, name, &NamedTensors::value_type::first);
          at::Tensor(parameter).copy_(found->second);
        }
      }
      rank.optimizer->load_state(state);
      rank.begin();
      rank.step(1);
      const NamedTensors whole = rank.whole();
      const std::lock_guard lock(checking);
      if (group.is_first()) check_same(whole, expected);
    });
  }
}

TEST_CASE("gradients travel in half of the bytes to their parts") {
  Alone alone;
  alone.gradients(0);
  const double expected = optim::grad_norm(*alone.optimizer).item<double>();
  test::as_ranks(2, [&](dist::Group& group) {
    Rank rank(group, {.divides_parameters = true, .compress = dist::Compression::kBf16});
    rank.begin();
    rank.gradients(0, 2);
    const double norm = optim::grad_norm(*rank.optimizer).item<double>();
    const std::lock_guard lock(checking);
    CHECK(norm == Approx(expected).epsilon(0.02));
    CHECK(norm != Approx(expected).epsilon(1e-7));
  });
}

TEST_CASE("a parameter without a gradient is named by the division too") {
  CHECK_THROWS_WITH(test::as_ranks(2,
                                   [](dist::Group& group) {
                                     Rank rank(group, kGradients);
                                     rank.begin();
                                     rank.exchange->begin_step(1);
                                     rank.exchange->before_micro_batch(true);
                                     rank.model->named_parameters()["head"].sum().backward();
                                     rank.exchange->finish(dist::Share::kWhole);
                                   }),
                    Catch::Contains("no gradient to") && Catch::Contains("block16.in") &&
                        Catch::Contains("model.freeze"));
}

TEST_CASE("an error of another rank within a pass is PeerFailed") {
  test::as_ranks(2, [](dist::Group& group) {
    Rank rank(group);
    rank.begin();
    if (group.rank() == 1) {
      group.leave(ExitCode::kData, "a.jpg: not a JPEG");
      return;
    }
    rank.exchange->begin_step(1);
    const at::Tensor images = images_of(0);
    bool has_failed = false;
    try {
      rank.pass_over(images);
    } catch (const dist::PeerFailed&) {
      has_failed = true;
    }
    group.leave(ExitCode::kData, "");
    const std::lock_guard lock(checking);
    CHECK(has_failed);
  });
}
