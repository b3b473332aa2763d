#include "stoker/callbacks/data_wait.h"

#include "support/catch.h"

using namespace stoker;
using callbacks::data_wait_advice;
using Catch::Contains;

namespace {

// Ten seconds of steps that waited for four of them, with two threads.
train::LogWindow window_with(const loader::StageTimes& stages) {
  return {.steps = 20, .time_s = 10, .data_wait_s = 4, .stages = stages, .loader_threads = 2};
}

}  // namespace

TEST_CASE("the advice names the share of the time, the stages and the slowest of them") {
  const std::string advice =
      data_wait_advice(window_with({.read_s = 2, .decode_s = 14, .augment_s = 3, .samples = 500}),
                       {.usable_cpus = 2});
  CHECK_THAT(advice, Contains("40% of the time"));
  CHECK_THAT(advice, Contains("10% on reading, 70% on decoding, 15% on augmenting, 5% idle"));
  CHECK_THAT(advice, Contains("Decoding is the slowest"));
  CHECK_THAT(advice, Contains("data.cache=memory"));
  CHECK_THAT(advice, !Contains("data.threads"));
  CHECK_THAT(advice, !Contains("copying"));
}

TEST_CASE("the advice follows the slowest stage and what is done already") {
  CHECK_THAT(data_wait_advice(window_with({.read_s = 15, .decode_s = 4}), {.usable_cpus = 8}),
             Contains("local disk") && Contains("raise data.threads, now 2 of 8 usable CPUs"));
  CHECK_THAT(data_wait_advice(window_with({.read_s = 1, .augment_s = 18}),
                              {.keeps_decoded = true, .usable_cpus = 2}),
             Contains("cheaper steps in augment") && !Contains("data.cache"));
  CHECK_THAT(data_wait_advice(window_with({.decode_s = 5, .copy_s = 14}), {.usable_cpus = 2}),
             Contains("Copying is the slowest"));
}

TEST_CASE("threads that stand idle while training waits need room to work ahead") {
  CHECK_THAT(data_wait_advice(window_with({.decode_s = 4}), {.usable_cpus = 2}),
             Contains("80% idle") && Contains("data.prefetch_mib"));
}

TEST_CASE("a window whose threads did nothing is no division by zero") {
  CHECK_THAT(data_wait_advice(window_with({}), {.usable_cpus = 2}), Contains("100% idle"));
}
