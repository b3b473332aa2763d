#include "stoker/sweep/outcome.h"

#include <csignal>

#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using launch::Ending;
using sweep::Trial;
using sweep::TrialState;

namespace {

class Ended {
 public:
  explicit Ended(const std::string& summary) {
    test::write(folder_.path() / "trial-001/1/config.yaml", "name: x\n");
    if (!summary.empty()) test::write(folder_.path() / "trial-001/1/summary.json", summary);
  }
  Trial judged(std::optional<Ending> ending, bool is_pruned = false, int64_t rungs = 1) const {
    const Trial trial{.number = 1, .state = TrialState::kRunning, .process = 5};
    return sweep::judged(
        trial, sweep::TrialFolder(folder_.path(), trial),
        {.ending = ending, .is_pruned = is_pruned, .rungs = rungs, .metric = "val.top1"});
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  test::TemporaryFolder folder_;
};

constexpr const char* kFinished =
    R"({"reason": "finished", "steps": 9, "train_time_s": 2.5, "final": {"val.top1": 0.5}})";

}  // namespace

TEST_CASE("a run that finished is done, whoever started it") {
  for (const std::optional<Ending> ending : {std::optional(Ending{}), std::optional<Ending>()}) {
    const Trial trial = Ended(kFinished).judged(ending);
    CHECK(trial.state == TrialState::kDone);
    CHECK(trial.run == "trial-001/1");
    CHECK(trial.steps == 9);
    CHECK(trial.metrics.at("val.top1") == 0.5);
    CHECK(trial.process == 0);
  }
}

TEST_CASE("a rung that ended waits for the others, the last is the end") {
  Trial trial = Ended(kFinished).judged(Ending{}, false, 2);
  CHECK(trial.state == TrialState::kQueued);
  CHECK(trial.waits_at_rung());
  CHECK(trial.rung_values == std::vector<double>{0.5});
}

TEST_CASE("what was stopped from outside goes on, what was pruned does not") {
  const Ended interrupted(R"({"reason": "interrupted", "steps": 3})");
  CHECK(interrupted.judged(Ending{.exit_code = 75}).state == TrialState::kInterrupted);
  CHECK(interrupted.judged({}).state == TrialState::kInterrupted);
  CHECK(interrupted.judged(Ending{.exit_code = 75}, true).state == TrialState::kPruned);
  CHECK(Ended("").judged({}).state == TrialState::kInterrupted);
  CHECK(Ended("").judged(Ending{.exit_code = 137, .signal = SIGKILL}).state ==
        TrialState::kInterrupted);
}

TEST_CASE("what failed is kept with what it said last") {
  const Ended failed(R"({"reason": "failed", "error": "no memory"})");
  CHECK(failed.judged({}).state == TrialState::kFailed);
  CHECK(failed.judged({}).reason == "no memory");
  CHECK_FALSE(failed.judged({}).exit_code.has_value());
  test::write(failed.path() / "trial-001/output.txt",
              "epoch 1\nstoker: out of memory: 3 GiB\x1b[2J\nmore\n");
  const Trial trial = failed.judged(Ending{.exit_code = 5}, true);
  CHECK(trial.state == TrialState::kFailed);
  CHECK(trial.exit_code == 5);
  CHECK(trial.reason == "stoker: out of memory: 3 GiB\\x1b[2J");
  CHECK(Ended("").judged(Ending{.exit_code = 139, .signal = SIGSEGV}).state == TrialState::kFailed);
  CHECK(Ended("").judged(Ending{}).state == TrialState::kFailed);  // no summary
}

TEST_CASE("the peak of memory is the summary's, else the largest of the log") {
  const Ended ended(R"({"reason": "finished", "peak_bytes": 77})");
  CHECK(ended.judged(Ending{}).peak_bytes == 77);
  const Ended older(kFinished);
  CHECK_FALSE(older.judged(Ending{}).peak_bytes.has_value());
  test::write(older.path() / "trial-001/1/metrics.jsonl",
              "{\"step\":1,\"memory_gib\":0.5}\n{\"step\":2,\"memory_gib\":0.25}\n");
  CHECK(older.judged(Ending{}).peak_bytes == int64_t{1} << 29);
}
