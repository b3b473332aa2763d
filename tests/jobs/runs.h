// Runs of a second for tests of whole runs: options, data of every format, and what is left of a
// run when its clocks are taken away.
#pragma once

#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "stoker/core/interrupt.h"
#include "stoker/jobs/training.h"

namespace stoker::test {

namespace fs = std::filesystem;
using Overrides = std::vector<std::string>;

inline constexpr int64_t kTrainImages = 40, kValImages = 12;

// Writes a data set of 32x32 images in `format` below `folder`; returns the overrides that name it.
// Fails the test for a format that it does not know.
Overrides make_data(const std::string& format, const fs::path& folder);

// Options over their defaults: steps of 8 images, 5 an epoch, 15 in all, saved by steps too.
Overrides small_run(const fs::path& dir);

// Asks to stop after a step, or in the evaluation after it.
class StopAt : public train::Callback {
 public:
  StopAt(int64_t step, train::Event event) : step_(step), event_(event) {}
  void observe(train::Event event, const train::View& view) override {
    if (event == event_ && view.state.position.step == step_) set_interrupt(SIGINT);
  }

 private:
  int64_t step_;
  train::Event event_;
};

// Trains from the start, or goes on in `resume`. `stop` may be none.
struct Done {
  train::StopReason reason;
  runs::RunFolder folder;
};
Done run_once(const Overrides& overrides, const fs::path& resume = {},
              std::unique_ptr<train::Callback> stop = nullptr, FileSystem* files = nullptr);

// metrics.jsonl without what the clock or the machine's memory decides.
std::vector<std::string> metric_lines(const runs::RunFolder& folder);

// Lines for a reader: what differs in the newest checkpoint and in metrics.jsonl.
std::vector<std::string> differences(const runs::RunFolder& expected,
                                     const runs::RunFolder& actual);

}  // namespace stoker::test
