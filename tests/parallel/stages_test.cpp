// Stages of a pipeline: who has what, who works when, and what goes between them.
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <mutex>

#include "dist/threads.h"
#include "parallel/blocks_model.h"
#include "stoker/core/error.h"
#include "stoker/optim/adam.h"
#include "stoker/optim/clip.h"
#include "stoker/parallel/one_f_one_b.h"
#include "stoker/parallel/split.h"
#include "stoker/parallel/stage.h"
#include "stoker/parallel/staged_optimizer.h"
#include "stoker/weights/learning_parameters.h"
#include "stoker/weights/state_dict.h"
#include "support/catch.h"

using namespace stoker;
using parallel::SegmentCost;
using parallel::Split;
using parallel::Stage;
using parallel::StagePass;
using test::BlocksModel;
using test::checking;
using weights::NamedTensors;

namespace {

constexpr int64_t kStepImages = 12;

std::unique_ptr<BlocksModel> fresh_model() {
  const std::lock_guard lock(checking);
  at::manual_seed(7);
  return std::make_unique<BlocksModel>();
}

at::Tensor step_images() {
  const std::lock_guard lock(checking);
  at::manual_seed(100);
  return at::randn({kStepImages, 3, 4, 4});
}

std::unique_ptr<optim::Optimizer> adam_of(const models::Model& model, const Stage* stage) {
  NamedTensors parameters = weights::learning_parameters(model);
  if (stage != nullptr)
    std::erase_if(parameters, [&](const auto& item) { return !stage->has(item.first); });
  return optim::make_adam({.lr = 0.01, .decoupled = true}, {{.parameters = parameters}});
}

// A stage that trains on micro-batches of 2 of 12 images.
struct StageRank {
  StageRank(dist::Group& group, const Split& split, int64_t data = 1)
      : mesh(group, {.data = data, .pipeline = split.stages()}),
        model(fresh_model()),
        stage(mesh, *model, split),
        optimizer(parallel::make_staged(stage, *model, adam_of(*model, &stage))) {}

  void begin() {
    stage.begin();
    exchange = optimizer->exchange(mesh.replicas(), weights::learning_parameters(*model));
  }

  void forward(const at::Tensor& own, int64_t micro_batch) {
    stage.down().begin_micro_batch();
    at::Tensor x = stage.is_first() ? own.narrow(0, 2 * micro_batch, 2)
                                    : stage.down().receive(stage.previous()).requires_grad_();
    at::Tensor y = stage.run(x);
    if (stage.is_last()) {
      y = y.square().sum() / kStepImages;
    } else {
      stage.down().send(y, stage.next());
    }
    kept.emplace_back(x, y);
    most_kept = std::max(most_kept, std::ssize(kept));
  }

  void backward() {
    const auto [x, y] = kept.front();
    kept.pop_front();
    stage.back().begin_micro_batch();
    stage.is_last() ? y.backward() : y.backward(stage.back().receive(stage.next()));
    if (!stage.is_first()) stage.back().send(x.grad(), stage.previous());
  }

  void gradients() {
    const int64_t ranks = mesh.replicas().size(), share = kStepImages / ranks;
    const at::Tensor own = step_images().narrow(0, mesh.replicas().rank() * share, share);
    for (const StagePass& pass :
         parallel::one_forward_one_backward(stage.index(), stage.count(), share / 2)) {
      pass.is_forward ? forward(own, pass.micro_batch) : backward();
    }
    stage.down().finish();
    stage.back().finish();
    exchange->finish(dist::Share::kWhole);
  }

  void step() {
    gradients();
    optimizer->step({});
    optimizer->zero_grad();
  }

  dist::Mesh mesh;
  std::unique_ptr<BlocksModel> model;
  Stage stage;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::unique_ptr<dist::GradientExchange> exchange;
  std::deque<std::pair<at::Tensor, at::Tensor>> kept;
  int64_t most_kept = 0;
};

// What one process comes to.
struct WholeRun {
  std::unique_ptr<BlocksModel> model = fresh_model();
  std::unique_ptr<optim::Optimizer> optimizer = adam_of(*model, nullptr);

  void gradients() {
    const at::Tensor images = step_images();
    for (int64_t i = 0; i < kStepImages; i += 2)
      (model->forward(images.narrow(0, i, 2)).square().sum() / kStepImages).backward();
  }
  void step() {
    gradients();
    optimizer->step({});
    optimizer->zero_grad();
  }
};

void check_equal(const NamedTensors& ours, const NamedTensors& expected, double tolerance) {
  const std::map<std::string, at::Tensor> found(ours.begin(), ours.end());
  REQUIRE(found.size() == expected.size());
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    REQUIRE(found.contains(name));
    CHECK(found.at(name).allclose(tensor, tolerance, tolerance));
  }
}

std::vector<SegmentCost> costs_of(const std::vector<double>& seconds) {
  std::vector<SegmentCost> costs;
  for (const double one : seconds) costs.push_back({.seconds = one, .learns = true});
  return costs;
}

std::string split_fault(const std::vector<std::string>& names, int64_t stages) {
  BlocksModel model;
  try {
    parallel::named_split(model.segments(), names, stages);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a stage goes forward until those below it have work, then back after each") {
  const auto text = [](int64_t stage, int64_t stages, int64_t micro_batches) {
    std::string all;
    for (const StagePass& pass : parallel::one_forward_one_backward(stage, stages, micro_batches))
      all += (pass.is_forward ? "F" : "B") + std::to_string(pass.micro_batch);
    return all;
  };
  CHECK(text(0, 3, 5) == "F0F1F2B0F3B1F4B2B3B4");
  CHECK(text(1, 3, 5) == "F0F1B0F2B1F3B2F4B3B4");
  CHECK(text(2, 3, 5) == "F0B0F1B1F2B2F3B3F4B4");
  CHECK(text(0, 4, 2) == "F0F1B0B1");  // fewer micro-batches than stages
  CHECK(text(1, 2, 1) == "F0B0");
  CHECK(parallel::most_in_flight(0, 3, 5) == 3);
  CHECK(parallel::most_in_flight(2, 3, 5) == 1);
  CHECK(parallel::most_in_flight(0, 4, 2) == 2);
  CHECK(parallel::bubble_share(3, 5) == Approx(2.0 / 7));
}

TEST_CASE("the slowest stage is as fast as any split makes it") {
  CHECK(parallel::balanced_split(costs_of({1, 1, 1, 3, 3, 3}), 2).first ==
        std::vector<size_t>{0, 4});
  CHECK(parallel::balanced_split(costs_of({5, 1, 1, 1}), 3).stages() == 3);
  std::vector<SegmentCost> costs = costs_of({9, 1, 1, 1});
  costs[0].learns = false;  // it cannot be a stage
  CHECK(parallel::balanced_split(costs, 3).first == std::vector<size_t>{0, 2, 3});
  CHECK_THROWS_WITH(parallel::balanced_split(costs, 4),
                    Catch::Contains("4 stages") && Catch::Contains("3 pieces"));
  // Against all splits of seven pieces in three.
  const std::vector<double> seconds{4, 2, 7, 1, 3, 6, 2};
  double best = 1e9;
  for (size_t a = 1; a < 6; ++a) {
    for (size_t b = a + 1; b < 7; ++b) {
      std::array<double, 3> sums{};
      for (size_t i = 0; i < 7; ++i) sums[i < a ? 0 : i < b ? 1 : 2] += seconds[i];
      best = std::min(best, std::ranges::max(sums));
    }
  }
  const Split split = parallel::balanced_split(costs_of(seconds), 3);
  double slowest = 0;
  for (size_t stage = 0; stage < 3; ++stage) {
    double sum = 0;
    for (size_t i = split.first[stage]; i < split.end(stage, 7); ++i) sum += seconds[i];
    slowest = std::max(slowest, sum);
  }
  CHECK(slowest == best);
}

TEST_CASE("stages begin with the blocks that are named, or the names are refused") {
  BlocksModel model;
  CHECK(parallel::named_split(model.segments(), {"block16", "head"}, 3).first ==
        std::vector<size_t>{0, 2, 5});
  CHECK_THAT(split_fault({"block16"}, 3), Catch::Contains("1 blocks for 3 stages"));
  CHECK_THAT(split_fault({"block1"}, 2),
             Catch::Contains("block1: no block") && Catch::Contains("block16, block33"));
  CHECK_THAT(split_fault({"block33", "block7"}, 3), Catch::Contains("block7: not behind"));
  CHECK_THAT(split_fault({"stem"}, 2), Catch::Contains("not behind"));
}

TEST_CASE("blocks are measured, and nothing is left of it") {
  BlocksModel model;
  const std::vector<SegmentCost> costs = parallel::segment_costs(model, BlocksModel::context());
  REQUIRE(costs.size() == 6);
  for (const SegmentCost& cost : costs) {
    CHECK(cost.learns);
    CHECK(cost.seconds > 0);
  }
  for (const at::Tensor& parameter : model.parameters()) CHECK_FALSE(parameter.grad().defined());
  CHECK(model.is_training());
}

TEST_CASE("a lane brings tensors in their layout, and undefined ones") {
  test::as_ranks(2, [](dist::Group& group) {
    parallel::Lane lane(group, at::kCPU, 2);
    const at::Tensor image = at::arange(2 * 3 * 4 * 5, at::kFloat)
                                 .view({2, 3, 4, 5})
                                 .contiguous(at::MemoryFormat::ChannelsLast);
    const std::vector<at::Tensor> tensors{image,
                                          at::Tensor(),
                                          image.to(at::kBFloat16).transpose(2, 3),
                                          image.select(3, 1).narrow(1, 1, 2),
                                          at::full({3, 2}, 4.0).expand({5, 3, 2}),
                                          at::arange(7)};
    for (int round = 0; round < 4; ++round) {
      lane.begin_micro_batch();
      for (const at::Tensor& tensor : tensors) {
        if (group.is_first()) {
          lane.send(tensor, 1);
          continue;
        }
        const at::Tensor got = lane.receive(0);
        const std::lock_guard lock(checking);
        CHECK(got.defined() == tensor.defined());
        if (!tensor.defined()) continue;
        CHECK(got.scalar_type() == tensor.scalar_type());
        CHECK(got.equal(tensor));
        if (tensor.is_non_overlapping_and_dense()) CHECK(got.strides() == tensor.strides());
      }
    }
    lane.finish();
  });
}

TEST_CASE("stages train as one process does, with few micro-batches in flight") {
  WholeRun whole;
  for (int i = 0; i < 3; ++i) whole.step();
  const NamedTensors expected = weights::state_dict(*whole.model), state = whole.optimizer->state();
  struct Case {
    std::vector<size_t> first;
    int64_t data = 1;
  };
  for (const Case& one : {Case{{0, 2}}, Case{{0, 1, 4}}, Case{{0, 3}, 2}}) {
    const Split split{one.first};
    test::as_ranks(split.stages() * one.data, [&](dist::Group& group) {
      StageRank rank(group, split, one.data);
      rank.begin();
      for (int i = 0; i < 3; ++i) rank.step();
      rank.optimizer->gather_state();
      const std::lock_guard lock(checking);
      const int64_t micro_batches = kStepImages / one.data / 2;
      CHECK(rank.most_kept ==
            parallel::most_in_flight(rank.stage.index(), split.stages(), micro_batches));
      for (const auto& [name, tensor] : weights::state_dict(*rank.model)) {
        INFO(name);
        CHECK((tensor.storage().data_ptr().get() != nullptr) == rank.stage.has(name));
      }
      if (!group.is_first()) return;
      // One replica: the same sums in the same order.
      const double tolerance = one.data == 1 ? 0 : 1e-5;
      check_equal(rank.optimizer->at_hand(weights::state_dict(*rank.model)), expected, tolerance);
      check_equal(rank.optimizer->state(), state, tolerance);
    });
  }
}

TEST_CASE("norms, and what is not finite, are of all stages") {
  WholeRun whole;
  whole.gradients();
  const double expected = optim::grad_norm(*whole.optimizer).item<double>();
  test::as_ranks(3, [&](dist::Group& group) {
    StageRank rank(group, Split{{0, 1, 4}});
    rank.begin();
    rank.gradients();
    const double norm = optim::clip_gradients(*rank.optimizer, {.norm = 0.01}).item<double>();
    at::Tensor found = at::full({}, group.rank() == 2 ? 1.0 : 0.0, at::kFloat);
    rank.optimizer->share_found_inf(found);
    const std::lock_guard lock(checking);
    CHECK(norm == Approx(expected).epsilon(1e-6));
    CHECK(found.item<float>() == 1);
  });
}

TEST_CASE("stages go on from the state of one process") {
  WholeRun whole;
  whole.step();
  NamedTensors weights, state;
  for (const auto& [name, tensor] : weights::state_dict(*whole.model))
    weights.emplace_back(name, tensor.detach().clone());
  for (const auto& [name, tensor] : whole.optimizer->state())
    state.emplace_back(name, tensor.clone());
  whole.step();
  const NamedTensors expected = weights::state_dict(*whole.model);
  test::as_ranks(2, [&](dist::Group& group) {
    StageRank rank(group, Split{{0, 3}});
    weights::load_state_dict(*rank.model, weights);
    rank.optimizer->load_state(state);
    CHECK_THROWS_AS(rank.optimizer->state(), FileError);
    rank.begin();
    rank.step();
    rank.optimizer->gather_state();
    const std::lock_guard lock(checking);
    if (group.is_first())
      check_equal(rank.optimizer->at_hand(weights::state_dict(*rank.model)), expected, 0);
  });
}

TEST_CASE("a stage in which nothing learns is refused") {
  test::as_ranks(2, [&](dist::Group& group) {
    dist::Mesh mesh(group, {.pipeline = 2});
    const auto model = fresh_model();
    for (const auto& item : model->named_parameters())
      if (item.key() == "head") item.value().set_requires_grad(false);
    std::string why;
    try {
      const Stage stage(mesh, *model, Split{{0, 5}});
    } catch (const ConfigError& error) {
      why = error.what();
    }
    const std::lock_guard lock(checking);
    CHECK(why.empty() == group.is_first());
    if (!group.is_first()) CHECK_THAT(why, Catch::Contains("stage 2 of 2"));
  });
}
