// Steps that do not fit are taken again in smaller micro-batches, as though they had begun so.
#include <c10/util/Exception.h>

#include <functional>

#include "stoker/ops/cpu_memory.h"
#include "stoker/train/snapshot.h"
#include "support/catch.h"
#include "support/thrown.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;

namespace {

void run_out() { C10_THROW_ERROR(OutOfMemoryError, "Tried to allocate 2 GiB. It is full."); }

// Weights after two epochs in steps of 7, from micro-batches of `microbatch`.
at::Tensor weights_with(int64_t microbatch, const std::function<void(ToyRun&)>& change = {},
                        int64_t* passes = nullptr) {
  ToyRun run;
  run.options.train.microbatch = microbatch;
  if (change) change(run);
  train::Trainer trainer = run.trainer();
  trainer.fit();
  CHECK(run.state().position.step == 4);
  if (passes != nullptr) *passes = run.model->passes.item<int64_t>();
  return run.model->weight.detach().clone();
}

// Fails on micro-batches of more than `most` images.
std::function<void(const at::Tensor&)> fits(int64_t most) {
  return [most](const at::Tensor& images) {
    if (images.size(0) > most) run_out();
  };
}

}  // namespace

TEST_CASE("a step that does not fit is taken again as though it had begun smaller", "[memory]") {
  int64_t passes = 0, expected_passes = 0;
  // 7 do not fit, nor do 4; 2 do.
  const at::Tensor actual = weights_with(
      7, [](ToyRun& run) { run.model->on_forward = fits(2); }, &passes);
  CHECK(actual.equal(weights_with(2, {}, &expected_passes)));
  // A running statistic moved once a pass that counts.
  CHECK(passes == expected_passes);
}

TEST_CASE("memory that runs out in backward or before the update leaves nothing behind",
          "[memory]") {
  const at::Tensor expected = weights_with(2);
  int failures = 0;
  const auto once = [&failures] {
    if (failures++ == 0) run_out();
  };
  int64_t passes = 0;
  CHECK(weights_with(
            4, [&](ToyRun&) { Tripwire::back() = once; }, &passes)
            .equal(expected));
  CHECK(passes == 16);  // 4 steps of 4
  failures = 0;
  CHECK(weights_with(4, [&](ToyRun& run) {
          run.algorithms.push_back(std::make_unique<AlgorithmAt>(Event::kGradientsReady,
                                                                 [&](train::Context&) { once(); }));
        }).equal(expected));
}

TEST_CASE("an update that does not fit has moved nothing, whichever allocation fails", "[memory]") {
  ops::keep_cpu_memory();
  for (int64_t k = 1;; ++k) {
    CAPTURE(k);
    // Two groups, whose gradients have to be copied into the order of the parameters.
    const at::Tensor a = at::full({2, 3, 5, 7}, 1.0), b = at::full({2, 3, 5, 7}, 2.0);
    const auto optimizer = optim::make_sgd(
        {}, {{.parameters = {{"a", a}}}, {.parameters = {{"b", b}}, .lr_factor = 2}});
    for (at::Tensor parameter : {a, b}) {
      parameter.set_requires_grad(true);
      parameter.mutable_grad() =
          at::full({2, 3, 5, 7}, 0.5).contiguous(at::MemoryFormat::ChannelsLast);
    }
    ops::fail_cpu_allocation(k);
    bool has_failed = false;
    try {
      optimizer->step({});
    } catch (const c10::OutOfMemoryError&) {
      has_failed = true;
    }
    ops::fail_cpu_allocation(0);
    CHECK(a.eq(1).all().item<bool>() == has_failed);
    CHECK(b.eq(2).all().item<bool>() == has_failed);
    for (const auto& [name, velocity] : optimizer->state())
      CHECK(velocity.eq(0).all().item<bool>() == has_failed);
    if (!has_failed) {
      CHECK(k > 2);  // at least the two copies
      break;
    }
  }
}

TEST_CASE("a fixed micro-batch ends the run, with the steps so far untouched", "[memory]") {
  ToyRun run;
  run.options.memory.microbatch = train::MicrobatchMode::kFixed;
  run.model->on_forward = fits(3);
  train::Trainer trainer = run.trainer();
  CHECK_THAT(message_of<OutOfMemory>([&] { trainer.fit(); }),
             Catch::Contains("Tried to allocate 2 GiB."));
  CHECK(run.model->passes.item<int64_t>() == 0);
}

TEST_CASE("where not one image fits the run ends with what would save memory", "[memory]") {
  ToyRun run;
  run.options.memory_advice = [] { return std::string("Buy more."); };
  run.model->on_forward = fits(0);
  train::Trainer trainer = run.trainer();
  CHECK_THAT(message_of<OutOfMemory>([&] { trainer.fit(); }),
             Catch::StartsWith("training with a micro-batch of 1 images") &&
                 Catch::EndsWith("\nBuy more."));
  CHECK(run.state().position.step == 0);
}

TEST_CASE("the present micro-batch is in the checkpoint, and another configured one is heeded",
          "[memory]") {
  ToyRun before;
  before.model->on_forward = fits(3);
  train::Trainer trainer = before.trainer();
  int changes = 0;
  trainer.add(std::make_unique<CallbackAt>(Event::kMemoryChange, [&](const train::View& view) {
    ++changes;
    CHECK(view.state.memory_change->step == 1);
    CHECK(view.state.plan().microbatch == 2);
  }));
  trainer.fit();
  CHECK(changes == 1);
  CHECK(before.state().position.grad_accumulation == 4);
  const train::CheckpointContent content = trainer.content();

  ToyRun same;
  train::restore(content, same.state(), same.algorithms);
  CHECK(same.state().plan().grad_accumulation == 4);
  CHECK(same.state().plan().microbatch == 2);

  ToyRun other;
  other.options.train.microbatch = 7;
  train::restore(content, other.state(), other.algorithms);
  CHECK(other.state().plan().grad_accumulation == 1);
}

TEST_CASE("micro-batches that follow grow again at the end of an epoch", "[memory]") {
  ToyRun run;
  run.options.memory.microbatch = train::MicrobatchMode::kFollow;
  int failures = 0;
  run.model->on_forward = [&](const at::Tensor&) {
    if (failures++ == 0) run_out();
  };
  std::vector<int64_t> sizes;
  run.algorithms.push_back(
      std::make_unique<AlgorithmAt>(Event::kStepDone, [&](train::Context& context) {
        sizes.push_back(context.state.plan().microbatch);
        // What had filled the memory has gone.
        ops::set_cpu_limit(ops::cpu_memory().live_bytes + (int64_t{1} << 30));
      }));
  ops::keep_cpu_memory();
  ops::set_cpu_limit(ops::cpu_memory().live_bytes + (int64_t{1} << 26));
  train::Trainer trainer = run.trainer();
  trainer.fit();
  ops::set_cpu_limit(ops::kNoLimit);
  CHECK(sizes == std::vector<int64_t>{2, 2, 4, 4});
}

TEST_CASE("an evaluation that does not fit shrinks its own batch alone", "[memory]") {
  ToyRun run;
  run.val = squares(12);
  run.options.eval.batch_size = 1000;
  run.model->on_forward = [&run](const at::Tensor& images) {
    if (!run.model->is_training() && images.size(0) > 5) run_out();
  };
  std::vector<int64_t> seen;
  train::Trainer trainer = run.trainer();
  trainer.add(std::make_unique<CallbackAt>(Event::kEvalDone, [&](const train::View& view) {
    seen.push_back(view.state.eval->result.images);
  }));
  trainer.fit();
  CHECK(seen == std::vector<int64_t>{12, 12});
  CHECK(run.state().position.eval_batch_size == 3);
  CHECK(run.state().plan().microbatch == 4);

  ToyRun fixed;
  fixed.val = squares(12);
  fixed.options.memory.microbatch = train::MicrobatchMode::kFixed;
  fixed.model->on_forward = [&fixed](const at::Tensor& images) {
    if (!fixed.model->is_training() && images.size(0) > 5) run_out();
  };
  train::Trainer other = fixed.trainer();
  CHECK_THROWS_AS(other.fit(), OutOfMemory);
}
