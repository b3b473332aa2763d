#include "stoker/train/microbatch_policy.h"

#include "support/catch.h"

using namespace stoker;
using namespace stoker::train;

namespace {

StepPlan plan_of(int64_t batch_size, int64_t microbatch) {
  return plan_steps(10 * batch_size, {.batch_size = batch_size, .microbatch = microbatch});
}

MicrobatchPolicy policy_of(MicrobatchMode mode, int64_t smallest = 1) {
  return {mode, plan_of(48, 24), smallest};  // two micro-batches
}

}  // namespace

TEST_CASE("a fixed micro-batch stays", "[memory]") {
  CHECK_FALSE(policy_of(MicrobatchMode::kFixed).after_failure(2, 1000));
}

TEST_CASE("without a model the micro-batch is halved until none is smaller", "[memory]") {
  MicrobatchPolicy policy = policy_of(MicrobatchMode::kShrink);
  CHECK(policy.after_failure(2, 1000) == 4);
  CHECK(policy.after_failure(4, 1000) == 8);
  CHECK(policy.after_failure(16, 1000) == 32);
  CHECK(policy.after_failure(32, 1000) == 48);
  CHECK_FALSE(policy.after_failure(48, 1000));
}

TEST_CASE("no micro-batch has fewer images than the network can learn from", "[memory]") {
  MicrobatchPolicy policy = policy_of(MicrobatchMode::kShrink, 2);
  CHECK(policy.after_failure(16, 1000) == 24);
  CHECK_FALSE(policy.after_failure(24, 1000));
  const StepPlan plan = plan_of(7, 7);
  MicrobatchPolicy odd(MicrobatchMode::kShrink, plan, 2);
  CHECK(odd.after_failure(2, 1000) == 3);  // 3, 2 and 2 images
  CHECK(plan.with_accumulation(3).smallest_microbatch() == 2);
}

TEST_CASE("with a model the micro-batch is the largest that fits", "[memory]") {
  MicrobatchPolicy policy = policy_of(MicrobatchMode::kShrink);
  policy.set_model({.base_bytes = 100, .bytes_per_image = 10});
  // 16 images need 260 bytes, 3 % below 270 are 261.9.
  CHECK(policy.after_failure(2, 270) == 3);
  CHECK(policy.after_failure(2, 268) == 4);
  // What the model says fits nowhere is tried all the same.
  CHECK(policy.after_failure(2, 50) == 4);
}

TEST_CASE("what has fitted before comes before all else", "[memory]") {
  MicrobatchPolicy policy = policy_of(MicrobatchMode::kFollow);
  policy.note_success(6);
  CHECK(policy.after_failure(4, 1000) == 6);
  // And is no news where it failed itself.
  CHECK(policy.after_failure(6, 1000) == 12);
}

TEST_CASE("micro-batches grow at an epoch's end where they follow", "[memory]") {
  // 8 images take 80 of 180 bytes: 24 would take 340, 16 take 260, 12 take 220.
  const MicrobatchNeed need{.fixed_bytes = 100, .peak_bytes = 180, .usable_bytes = 1000};
  CHECK_FALSE(policy_of(MicrobatchMode::kShrink).at_epoch_end(6, need));
  const MicrobatchPolicy policy = policy_of(MicrobatchMode::kFollow);
  CHECK(policy.at_epoch_end(6, need) == 2);
  const auto with = [&](int64_t usable) {
    return policy.at_epoch_end(6, {.fixed_bytes = 100, .peak_bytes = 180, .usable_bytes = usable});
  };
  CHECK(with(300) == 3);
  CHECK(with(250) == 4);
  CHECK_FALSE(with(200));
  CHECK_FALSE(policy.at_epoch_end(2, need));  // no larger than planned
}

TEST_CASE("a size that failed is tried again only where more is usable", "[memory]") {
  MicrobatchPolicy policy = policy_of(MicrobatchMode::kFollow);
  CHECK(policy.after_failure(3, 1000) == 6);
  const auto with = [&](int64_t usable) {
    return policy.at_epoch_end(6, {.fixed_bytes = 100, .peak_bytes = 180, .usable_bytes = usable});
  };
  CHECK(with(1000) == 4);
  CHECK(with(1100) == 2);
}
