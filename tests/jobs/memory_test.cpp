// Runs that find no memory go on with smaller micro-batches, as though they had begun so; and
// probes leave a session as it was.
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "jobs/runs.h"
#include "stoker/config/config.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/run/memory.h"
#include "stoker/run/probe.h"
#include "stoker/runs/metrics_file.h"
#include "stoker/train/checkpoint_compare.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "support/thrown.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;

namespace {

const std::string kAirbench = "model={name: airbench, widths: [4, 8, 8]}";

run::RunConfig config_of(Overrides more) {
  log().set_level(spdlog::level::off);
  const TemporaryFolder folder;
  Overrides overrides = small_run(folder.path());
  overrides.push_back("data={format: {name: shapes, train_images: 40, val_images: 12}}");
  overrides.insert(overrides.end(), more.begin(), more.end());
  return config::load_overrides<run::RunConfig>(overrides).options;
}

struct Trained {
  train::CheckpointContent content;  // copies
  int64_t microbatch = 0, peak_bytes = 0;
};

train::CheckpointContent copy_of(train::CheckpointContent content) {
  for (auto* tensors : {&content.model, &content.optimizer})
    for (auto& [name, tensor] : *tensors) tensor = tensor.detach().clone();
  return content;
}

Trained train_session(run::Session& session, std::unique_ptr<train::Callback> callback = nullptr) {
  train::Trainer trainer(run::trainer_parts(session), session.schedule,
                         run::trainer_options(session.config));
  if (callback) trainer.add(std::move(callback));
  trainer.fit();
  return {copy_of(trainer.content()), session.state->plan().microbatch, session.state->peak_bytes};
}

Trained train_once(const Overrides& more, std::unique_ptr<train::Callback> callback = nullptr) {
  run::Session session = run::build_session(config_of(more));
  return train_session(session, std::move(callback));
}

// What of the tensors differs.
std::vector<std::string> tensor_differences(train::CheckpointContent a,
                                            train::CheckpointContent b) {
  a.state_json = b.state_json = "{}";
  return train::differences(a, b);
}

// Makes the k-th allocation of the first step fail, and notes whether the step had so many.
class FailAllocation : public train::Callback {
 public:
  FailAllocation(int64_t k, bool& has_failed) : k_(k), has_failed_(has_failed) {}
  ~FailAllocation() override { ops::fail_cpu_allocation(0); }
  void observe(Event event, const train::View& view) override {
    if (event == Event::kStepStart && view.state.position.step == 0 && !armed_) {
      armed_ = true;
      ops::fail_cpu_allocation(k_);
    }
    if (event == Event::kStepDone && view.state.position.step == 1) {
      has_failed_ = ops::allocations_until_failure() == 0;
      ops::fail_cpu_allocation(0);
    }
  }

 private:
  int64_t k_;
  bool& has_failed_;
  bool armed_ = false;
};

// Runs with a failure at each allocation of the first step; returns how many it has.
int64_t fail_everywhere(Overrides overrides, bool is_as_if_begun) {
  overrides.insert(overrides.end(), {"train.max_steps=2", "eval.every_epochs=0"});
  Overrides smaller = overrides;
  smaller.push_back("train.microbatch=4");
  const Trained expected = train_once(smaller), undisturbed = train_once(overrides);
  for (int64_t k = 1;; ++k) {
    CAPTURE(k);
    bool has_failed = false;
    const Trained actual = train_once(overrides, std::make_unique<FailAllocation>(k, has_failed));
    if (!has_failed) return k - 1;
    if (actual.microbatch == 8) {  // oneDNN did without that memory
      REQUIRE(tensor_differences(undisturbed.content, actual.content).empty());
      continue;
    }
    REQUIRE(actual.microbatch == 4);
    if (is_as_if_begun) REQUIRE(tensor_differences(expected.content, actual.content).empty());
  }
}

std::string limit_of(int64_t bytes) {
  return fmt::format("memory.limit_gib={:.12f}", static_cast<double>(bytes) / (1 << 30));
}

}  // namespace

TEST_CASE("a failure at any allocation of a step is as though the step had begun smaller",
          "[memory]") {
  for (const Overrides& overrides : {
           Overrides{"optimizer={name: sgd, lr: 0.02, momentum: 0.9}"},
           Overrides{"optimizer={name: adamw, lr: 0.01}", "algorithms=[ema]",
                     "train.clip_grad_norm=0.5"},
           Overrides{"train.precision=fp16", "train.clip_grad_norm=0.5"},
           Overrides{"train.precision=bf16", "algorithms=[mixup]"},
       }) {
    CAPTURE(overrides.front());
    CHECK(fail_everywhere(overrides, /*is_as_if_begun=*/true) > 20);
  }
}

TEST_CASE("a failure at any allocation of a step with batch norm and dropout is survived",
          "[memory]") {
  CHECK(fail_everywhere({"model={name: mlp, hidden: [12], dropout: 0.2, batch_norm: true}"},
                        /*is_as_if_begun=*/false) > 20);
  CHECK(fail_everywhere({kAirbench}, /*is_as_if_begun=*/false) > 100);
}

TEST_CASE("a run below a limit trains as one begun with the micro-batch that fits", "[memory]") {
  const Overrides common{"train.batch_size=40", "algorithms=[mixup]"};
  const auto with = [&](const std::string& more) {
    Overrides overrides = common;
    overrides.push_back(more);
    return overrides;
  };
  // What a run needs comes on top of what this test holds.
  const auto need = [&](const std::string& microbatch) {
    const int64_t live = ops::cpu_memory().live_bytes;
    return train_once(with(microbatch)).peak_bytes - live;
  };
  const int64_t whole = need("train.microbatch=40"), small = need("train.microbatch=5");
  REQUIRE(whole - small > (1 << 18));
  const auto between = [&] { return limit_of(ops::cpu_memory().live_bytes + (whole + small) / 2); };
  const Trained limited = train_once(with(between()));
  CHECK(limited.microbatch < 40);
  CHECK(limited.microbatch >= 5);
  const Trained same = train_once(with(fmt::format("train.microbatch={}", limited.microbatch)));
  CHECK(tensor_differences(same.content, limited.content).empty());
  Overrides fixed = with(between());
  fixed.push_back("memory.microbatch=fixed");
  CHECK_THAT(
      message_of<OutOfMemory>([&] { train_once(fixed); }),
      Catch::StartsWith("training with a micro-batch of 40 images at step 1 on cpu: Tried to "
                        "allocate"));
}

TEST_CASE("a run that shrank goes on bit for bit, and its change is logged once", "[memory]") {
  const TemporaryFolder folder;
  const Overrides free_run{"train.batch_size=8", kAirbench};
  const int64_t whole = train_once(free_run).peak_bytes;
  Overrides smaller = free_run;
  smaller.push_back("train.microbatch=2");
  const int64_t small = train_once(smaller).peak_bytes;
  REQUIRE(whole > small);
  Overrides overrides = small_run(folder.path());
  overrides.insert(overrides.end(),
                   {"data={format: {name: shapes, train_images: 40, val_images: 12}}", kAirbench,
                    "eval.batch_size=4", limit_of((whole + small) / 2)});
  const auto expected = run_once(overrides).folder;
  const auto stopped =
      run_once(overrides, {}, std::make_unique<StopAt>(6, Event::kStepDone)).folder;
  run_once(overrides, stopped.path());
  CHECK(test::differences(expected, stopped).empty());
  int64_t changes = 0;
  for (const runs::MetricsRecord& record : runs::read_metrics(expected.metrics())) {
    if (record.split != "memory") continue;
    ++changes;
    CHECK(record.step == 1);
    CHECK(record.value("microbatch") == 4);
    CHECK(record.value("grad_accumulation") == 2);
  }
  CHECK(changes == 1);
}

TEST_CASE("where nothing fits the message says what would save most", "[memory]") {
  run::Session session =
      run::build_session(config_of({"optimizer=adamw", "algorithms=[ema]", kAirbench}));
  const run::MemoryParts parts = run::memory_parts(session);
  CHECK(parts.gradients > 0);
  CHECK(parts.parameters >= parts.gradients);
  CHECK(parts.optimizer_state >= 2 * parts.gradients);
  CHECK(parts.averages >= parts.gradients);
  const std::string advice = run::memory_advice(session);
  CHECK(std::ranges::count(advice, '\n') == 3);
  CHECK_THAT(advice, Catch::StartsWith("Not even a micro-batch of "));
  CHECK_THAT(run::plan_text(session), Catch::Contains("of gradients") &&
                                          Catch::Contains("of optimizer state") &&
                                          Catch::Contains("of averages"));
}

TEST_CASE("probes leave a session as it was, bit for bit", "[memory]") {
  for (const Overrides& overrides :
       {Overrides{kAirbench, "algorithms=[ema, mixup]", "optimizer={name: adamw, lr: 0.01}"},
        Overrides{"train.precision=fp16", "train.clip_grad_norm=1"},
        Overrides{"model={name: mlp, hidden: [12], batch_norm: true, dropout: 0.2}"}}) {
    CAPTURE(overrides.front());
    const Trained expected = train_once(overrides);
    run::Session session = run::build_session(config_of(overrides));
    train::Trainer before(run::trainer_parts(session), session.schedule,
                          run::trainer_options(session.config));
    const train::CheckpointContent then = copy_of(before.content());
    const at::Tensor random = at::detail::getDefaultCPUGenerator().get_state();
    for (const int64_t micro_batches : {2, 1}) {
      const run::Probe probe =
          run::probe_step(session, {.microbatch = 3, .micro_batches = micro_batches});
      CHECK(probe.images == 3 * micro_batches);
      CHECK(probe.peak_bytes > ops::cpu_memory().live_bytes);
      CHECK(probe.time_s > 0);
    }
    CHECK(run::probe_evaluation(session, 5).peak_bytes > ops::cpu_memory().live_bytes);
    ops::set_cpu_limit(ops::cpu_memory().live_bytes + 10'000);
    CHECK_THROWS_AS(run::probe_step(session, {.microbatch = 400}), OutOfMemory);
    CHECK_THROWS_AS(run::probe_evaluation(session, 4000), OutOfMemory);
    ops::set_cpu_limit(ops::kNoLimit);
    CHECK(at::detail::getDefaultCPUGenerator().get_state().equal(random));
    CHECK(train::differences(then, before.content()).empty());
    CHECK(tensor_differences(expected.content, train_session(session).content).empty());
  }
}

TEST_CASE("a line through two probes predicts the peak of a larger step", "[memory]") {
  for (const char* precision : {"train.precision=fp32", "train.precision=bf16"}) {
    for (const char* optimizer : {"optimizer=sgd", "optimizer=adamw"}) {
      CAPTURE(precision, optimizer);
      run::Session session =
          run::build_session(config_of({"model={name: airbench, widths: [16, 32, 32]}", precision,
                                        optimizer, "algorithms=[ema]"}));
      const auto peak = [&](int64_t m) {
        return static_cast<double>(run::probe_step(session, {.microbatch = m}).peak_bytes);
      };
      const double small = peak(8), large = peak(24);
      CHECK(large + (large - small) / 16 * (64 - 24) == Approx(peak(64)).epsilon(0.05));
    }
  }
}
