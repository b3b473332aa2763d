// What is found fits, is used as though the user had written it, and finding it changes nothing.
#include <ATen/CPUGeneratorImpl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>

#include "stoker/autotune/critical_batch.h"
#include "stoker/autotune/learning_rate.h"
#include "stoker/autotune/microbatch.h"
#include "stoker/autotune/precision.h"
#include "stoker/autotune/start.h"
#include "stoker/config/config.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/run/load.h"
#include "stoker/run/probe.h"
#include "stoker/train/checkpoint_compare.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;

namespace {

run::RunConfig config_of(const std::filesystem::path& folder, std::vector<std::string> more = {}) {
  log().set_level(spdlog::level::off);
  std::vector<std::string> overrides{
      "data={format: {name: shapes, train_images: 48, val_images: 12, size: 32}}",
      "augment=[{pad_crop: {size: 32, pad: 2}}, {normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, "
      "0.25, 0.25]}}]",
      "model={name: airbench, widths: [4, 8, 8]}",
      "optimizer={name: sgd, lr: 0.01, momentum: 0.9}",
      "train={epochs: 2, batch_size: 24, precision: fp32}",
      "data.threads=1",
      "device=cpu",
      fmt::format("run.dir={}", folder.string())};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return config::load_overrides<run::RunConfig>(overrides).options;
}

train::CheckpointContent state_of(run::Session& session) {
  train::Trainer trainer(run::trainer_parts(session), session.schedule,
                         run::trainer_options(session.config));
  train::CheckpointContent content = trainer.content();
  for (auto* tensors : {&content.model, &content.optimizer})
    for (auto& [name, tensor] : *tensors) tensor = tensor.detach().clone();
  return content;
}

train::CheckpointContent trained(run::Session& session) {
  train::Trainer trainer(run::trainer_parts(session), session.schedule,
                         run::trainer_options(session.config));
  trainer.fit();
  return trainer.content();
}

std::vector<std::string> tensor_differences(train::CheckpointContent a,
                                            train::CheckpointContent b) {
  a.state_json = b.state_json = "{}";
  return train::differences(a, b);
}

struct Limit {
  explicit Limit(int64_t bytes) { ops::set_cpu_limit(bytes); }
  ~Limit() { ops::set_cpu_limit(ops::kNoLimit); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
};

autotune::MicrobatchOptions quick(int64_t largest = 0) {
  return {.budget_s = 0.5, .largest = largest, .margin = {.share = 0.02, .at_least_bytes = 0}};
}

}  // namespace

TEST_CASE("tuning leaves the session as it was, and the run as though it had never tuned") {
  const TemporaryFolder folder;
  for (const char* more : {"algorithms=[{ema: {decay: 0.9}}]",
                           "model={name: mlp, hidden: [12], dropout: 0.3, batch_norm: true}"}) {
    CAPTURE(more);
    run::Session session = run::build_session(config_of(folder.path(), {more}));
    const train::CheckpointContent before = state_of(session);
    const at::Tensor random = at::detail::getDefaultCPUGenerator().get_state();
    const auto found = autotune::tune_microbatch(session, quick());
    CHECK(found.largest_microbatch == 24);
    CHECK_FALSE(found.is_limited_by_memory);
    CHECK(at::detail::getDefaultCPUGenerator().get_state().equal(random));
    CHECK(tensor_differences(before, state_of(session)).empty());

    run::use_microbatch(session, 8);
    run::Session written =
        run::build_session(config_of(folder.path(), {more, "train.microbatch=8"}));
    CHECK(tensor_differences(trained(written), trained(session)).empty());
  }
}

TEST_CASE("what fits is predicted, proved, and never beyond the limit") {
  const TemporaryFolder folder;
  run::Session session = run::build_session(config_of(folder.path(), {"train.batch_size=48"}));
  const auto all = autotune::tune_microbatch(session, quick());
  REQUIRE(all.largest_microbatch == 48);
  CHECK(all.predicted_peak_bytes == Approx(all.measured_peak_bytes).epsilon(0.05));

  // 60 % of what the images of the whole batch need beside what lives anyway.
  const int64_t live = ops::cpu_memory().live_bytes;
  const Limit limit(live + (all.measured_peak_bytes - live) * 6 / 10);
  const auto some = autotune::tune_microbatch(session, quick());
  CHECK(some.is_limited_by_memory);
  CHECK(some.largest_microbatch >= 20);
  CHECK(some.largest_microbatch < 30);
  CHECK(some.measured_peak_bytes <= ops::cpu_limit());
  CHECK(some.predicted_peak_bytes == Approx(some.measured_peak_bytes).epsilon(0.05));
  for (const auto& row : some.curve) CHECK(row.peak_bytes <= ops::cpu_limit());
}

TEST_CASE("what an evaluation needs is predicted") {
  const TemporaryFolder folder;
  run::Session session = run::build_session(config_of(folder.path(), {"algorithms=[ema]"}));
  const tuning::Line line = autotune::fit_evaluation(session);
  CHECK(line.bytes_per_image > 0);
  const int64_t measured = run::probe_evaluation(session, 200).peak_bytes;
  CHECK(line.at(200) == Approx(measured).epsilon(0.05));
}

TEST_CASE("where nothing fits it says what would save, and the session stays whole") {
  const TemporaryFolder folder;
  run::Session session = run::build_session(config_of(folder.path()));
  const train::CheckpointContent before = state_of(session);
  const int64_t needed = autotune::tune_microbatch(session, quick()).curve.front().peak_bytes;
  {
    const int64_t live = ops::cpu_memory().live_bytes;
    const Limit limit(live + (needed - live) * 3 / 4);
    CHECK_THROWS_WITH(autotune::tune_microbatch(session, quick()),
                      Catch::Contains("What would save most"));
  }
  CHECK(tensor_differences(before, state_of(session)).empty());
}

TEST_CASE("the batch norm of one image and sizes beyond the batch") {
  const TemporaryFolder folder;
  run::Session session = run::build_session(
      config_of(folder.path(), {"model={name: mlp, hidden: [12], batch_norm: true}"}));
  REQUIRE(session.state->facts.smallest_batch == 2);
  const auto found = autotune::tune_microbatch(session, quick(100));
  CHECK(found.curve.front().microbatch == 2);
  CHECK(found.largest_microbatch == 100);
  CHECK(std::ranges::is_sorted(found.curve, {}, &autotune::SizeResult::microbatch));
  CHECK(std::ranges::any_of(found.curve, [&](const auto& row) {
    return row.microbatch == found.microbatch && row.images_per_s.median == found.images_per_s;
  }));
}

TEST_CASE("microbatch auto becomes a number, and is found once") {
  const TemporaryFolder folder;
  const auto config = config_of(folder.path(), {"train.microbatch=auto"});
  run::Session session = run::build_session(config);
  autotune::settle(session, real_file_system());
  REQUIRE(session.config.train.microbatch.has_value());
  CHECK(session.plan().microbatch <= *session.config.train.microbatch);
  const std::string written = run::resolved_yaml(session.config);
  CHECK(written.find("microbatch: auto") == std::string::npos);

  // From the cache: what is written there is taken, although nothing would find it.
  const std::filesystem::path cache = folder.path() / ".tuned";
  REQUIRE(std::filesystem::exists(cache));
  for (const auto& file : std::filesystem::directory_iterator(cache)) {
    std::string text = read_file(file.path());
    const std::string old = fmt::format("\"microbatch\": {}", *session.config.train.microbatch);
    REQUIRE(text.find(old) != std::string::npos);
    text.replace(text.find(old), old.size(), "\"microbatch\": 5");
    write_file_atomically(real_file_system(), file.path(), as_bytes(text));
  }
  run::Session again = run::build_session(config);
  autotune::settle(again, real_file_system());
  CHECK(again.config.train.microbatch == 5);

  run::Session whole = run::build_session(config_of(folder.path()));
  autotune::settle(whole, real_file_system());
  CHECK(whole.plan().microbatch == 24);
}

TEST_CASE("batch_size auto becomes a number, and the rate follows it") {
  const TemporaryFolder folder;
  const auto config = config_of(folder.path(), {"data.format.train_images=400",
                                                "train.batch_size=auto", "tune.base_batch_size=4"});
  run::RunConfig found = config;
  autotune::settle_batch(found, real_file_system());
  REQUIRE(found.train.batch_size.has_value());
  CHECK(*found.train.batch_size >= 4);
  CHECK(*found.train.batch_size <= 20);  // 20 steps an epoch are left
  CHECK(found.train.microbatch == 0);
  run::Session session = run::build_session(found);
  CHECK(session.optimizer->base_lr() ==
        Approx(0.01 * static_cast<double>(*found.train.batch_size) / 4));
  CHECK(run::resolved_yaml(session.config).find("batch_size: auto") == std::string::npos);
  CHECK_FALSE(session.config.tune.base_batch_size.has_value());

  run::RunConfig again = config;
  autotune::settle_batch(again, real_file_system());
  CHECK(again.train.batch_size == found.train.batch_size);

  // The recipe's batch does not fit as a whole: it stays, in micro-batches that do.
  run::RunConfig large = config;
  large.tune.base_batch_size = 200;
  run::Session whole = run::build_session(large);
  CHECK(whole.plan().batch_size == 200);
  const int64_t live = ops::cpu_memory().live_bytes;
  const auto need = autotune::tune_microbatch(whole, quick()).measured_peak_bytes;
  large.memory.limit_gib = static_cast<double>(live + (need - live) / 2) / (1 << 30);
  autotune::settle_batch(large, real_file_system());
  ops::set_cpu_limit(ops::kNoLimit);
  CHECK(large.train.batch_size == 200);
  CHECK(large.train.microbatch.value() > 0);
  CHECK(large.train.microbatch.value() < 100);

  run::RunConfig lacking = config;
  lacking.tune.base_batch_size.reset();
  CHECK_THROWS_WITH(autotune::settle_batch(lacking, real_file_system()),
                    Catch::Contains("tune.base_batch_size"));
}

TEST_CASE("the learning-rate range test ends, and keeps the groups' factors") {
  const TemporaryFolder folder;
  run::Session session = run::build_session(config_of(
      folder.path(), {"optimizer.groups=[{match: bias, lr_factor: 8}]", "train.batch_size=8"}));
  const auto range =
      autotune::find_learning_rate(session, {.test = {.first = 1e-4, .last = 100, .steps = 60}});
  CHECK(range.points.size() > 10);
  CHECK(range.points.front().lr == Approx(1e-4));
  CHECK_FALSE(range.reason.empty());
  std::vector<double> factors;
  for (const auto& group : session.optimizer->groups()) factors.push_back(group.lr_factor);
  CHECK(std::ranges::count(factors, 8.0) == 1);
}

TEST_CASE("the critical batch is bounded where the larger one cannot follow") {
  const TemporaryFolder folder;
  const auto config = config_of(
      folder.path(), {"data.format.train_images=400", "train.batch_size=8", "train.epochs=1",
                      "schedule=constant", "algorithms=[{ema: {decay: 0.9}}]"});
  run::Session session = run::build_session(config);
  const train::CheckpointContent content = trained(session);
  const auto measure = [&](std::vector<std::string> more, double tolerance) {
    const auto of = config::load_overrides<run::RunConfig>(more, config).options;
    return autotune::measure_critical_batch(
        of, content,
        {.steps = 32, .doublings = 2, .repeats = 2, .tolerance = tolerance, .eval_images = 12});
  };
  const auto all = measure({}, 1e6);
  REQUIRE(all.branches.size() == 3);
  CHECK(all.step == 50);
  CHECK(all.images == 256);
  CHECK_FALSE(all.is_bounded);
  CHECK(all.largest_that_keeps_up == 32);
  CHECK(all.branches[1].steps == 16);
  CHECK(all.branches[1].lr == Approx(0.02));
  CHECK(all.branches[0].losses.size() == 2);
  CHECK(all.branches[0].losses[0] != all.branches[0].losses[1]);  // other orders
  CHECK(all.branches[0].excess == 0);

  const auto again = measure({}, 1e6);
  CHECK(again.branches[2].losses == all.branches[2].losses);
  CHECK(measure({"tune.lr_rule=sqrt"}, 1e6).branches[2].lr == Approx(0.02));

  // With a tolerance below any difference the first doubling is the last.
  const auto none = measure({}, -10);
  REQUIRE(none.branches.size() == 2);
  CHECK(none.is_bounded);
  CHECK(none.largest_that_keeps_up == 8);

  CHECK_THROWS_WITH(measure({"schedule={name: polynomial, power: 40}"}, 1),
                    Catch::Contains("an earlier checkpoint"));
}

TEST_CASE("precisions are compared at equal loss") {
  const TemporaryFolder folder;
  const auto rows = autotune::compare_precisions(config_of(folder.path()), {.steps = 4});
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].precision == train::Precision::kFp32);
  CHECK(rows[0].channels_last);
  for (const auto& row : rows) {
    CHECK(row.images_per_s > 0);
    CHECK(row.peak_bytes > 0);
    // Too slow to be of use, as bf16 where the processor lacks it.
    CHECK((row.loss > 0 || (row.is_refused && row.reason.starts_with("given up"))));
  }
  CHECK(rows[autotune::fastest(rows)].images_per_s >= rows[0].images_per_s);
  const auto strict =
      autotune::compare_precisions(config_of(folder.path()), {.steps = 4, .tolerance = 0});
  CHECK(strict[1].is_refused);  // bf16 differs by something
  CHECK_FALSE(strict[0].is_refused);
}

// Takes minutes:  build/tests/test_autotune "[predict]"
TEST_CASE("small probes predict the peaks of large micro-batches", "[.predict]") {
  const TemporaryFolder folder;
  const std::string large_images =
      "data={format: {name: shapes, size: 64, train_images: 40, val_images: 12}}";
  const std::string large_crops =
      "augment=[pad_crop: {size: 64, pad: 2}, normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, "
      "0.25]}]";
  using Overrides = std::vector<std::string>;
  for (const Overrides& model :
       {Overrides{"model=resnet18", large_images, large_crops}, Overrides{"model=airbench"},
        Overrides{"model={name: mlp, hidden: [512, 512], dropout: 0.1}"}}) {
    for (const char* optimizer : {"optimizer=sgd", "optimizer=adamw"}) {
      for (const char* precision : {"train.precision=fp32", "train.precision=bf16"}) {
        Overrides overrides = model;
        overrides.insert(overrides.end(), {optimizer, precision, "algorithms=[ema]"});
        run::Session session = run::build_session(config_of(folder.path(), overrides));
        const tuning::Line line = autotune::fit_memory(session, 64, int64_t{20} << 30).line;
        const auto predicted = static_cast<double>(line.at(160));
        const auto measured = static_cast<double>(
            run::probe_step(session, {.microbatch = 160, .steps = 1}).peak_bytes);
        WARN(fmt::format("{} {} {}: predicted {:.1f} MB, measured {:.1f} MB, {:+.2f} %",
                         model.front(), optimizer, precision, predicted * 1e-6, measured * 1e-6,
                         100 * (predicted / measured - 1)));
        CHECK(predicted == Approx(measured).epsilon(0.05));
      }
    }
  }
}
