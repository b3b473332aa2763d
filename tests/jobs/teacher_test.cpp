// Runs that learn from another run, or from a file of weights.
#include "jobs/runs.h"
#include "stoker/config/config.h"
#include "stoker/core/error.h"
#include "stoker/run/session.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "support/thrown.h"

using namespace stoker;
using namespace stoker::test;

namespace {

struct Tiny {
  TemporaryFolder folder;
  Overrides options(const Overrides& more = {}) const {
    Overrides all = small_run(folder.path());
    const Overrides data = make_data("shapes", folder.path());
    all.insert(all.end(), data.begin(), data.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  fs::path trained(const std::string& name, const Overrides& more = {}) const {
    Overrides all = options({"name=" + name, "train.epochs=1"});
    all.insert(all.end(), more.begin(), more.end());
    return run_once(all).folder.path();
  }
  // A run of one epoch; its first line of metrics.
  std::string first_line(const std::string& distillation) const {
    const runs::RunFolder run =
        run_once(options({"train.epochs=1", "algorithms=[" + distillation + "]"})).folder;
    return metric_lines(run).front();
  }
  std::string refusal(const std::string& distillation, const Overrides& more = {}) const {
    Overrides all = options({"algorithms=[distillation: {" + distillation + "}]"});
    all.insert(all.end(), more.begin(), more.end());
    return message_of<ConfigError>([&] { run_once(all); });
  }
};

std::string teacher(const fs::path& path, const std::string& more = "") {
  return "distillation: {teacher: " + path.string() + more + "}";
}

}  // namespace

TEST_CASE("a run and the weights in its checkpoint teach the same") {
  const Tiny tiny;
  // A file brings no options of its model: the defaults.
  const fs::path run = tiny.trained("teacher", {"model.hidden=[512, 256]"});
  const fs::path file = runs::open_checkpoint(run, true).folder() / runs::kModelFile;
  fs::copy_file(file, tiny.folder.path() / "weights.safetensors");
  const std::string learned = tiny.first_line(teacher(run));
  CHECK(learned ==
        tiny.first_line(teacher(tiny.folder.path() / "weights.safetensors", ", model: mlp")));
  CHECK(learned != tiny.first_line("noise_scale"));
}

TEST_CASE("images become those that the teacher was trained on, normalised in another way") {
  const Tiny tiny;
  const auto opened = [&](const fs::path& run) {
    const Overrides all = tiny.options({"algorithms=[" + teacher(run) + "]"});
    return run::build_session(config::load_overrides<run::RunConfig>(all).options).teacher;
  };
  CHECK_FALSE(opened(tiny.trained("same"))->scale.defined());
  const auto other = opened(tiny.trained(
      "other", {"augment=[normalize: {mean: [0.1, 0.5, 0.5], std: [0.25, 0.5, 0.25]}]"}));
  // (x 0.25 + 0.5 - mean) / std of each channel.
  const double scales[] = {1, 0.5, 1}, shifts[] = {1.6, 0, 0};
  REQUIRE(other->scale.sizes() == at::IntArrayRef{1, 3, 1, 1});
  for (int64_t c = 0; c < 3; ++c) {
    CHECK(other->scale[0][c].item<double>() == Approx(scales[c]));
    CHECK(other->shift[0][c].item<double>() == Approx(shifts[c]).margin(1e-6));
  }
}

TEST_CASE("teachers that do not fit are refused, saying why") {
  const Tiny tiny;
  const fs::path run = tiny.trained("teacher");
  const fs::path file = tiny.folder.path() / "w.safetensors";
  fs::copy_file(runs::open_checkpoint(run, true).folder() / runs::kModelFile, file);
  const std::string named = "teacher: " + run.string();
  CHECK_THAT(tiny.refusal("teacher: nowhere"), Catch::Contains("nowhere: no such file or folder"));
  CHECK_THAT(tiny.refusal(named + ", model: mlp"), Catch::Contains("leave the key out"));
  CHECK_THAT(tiny.refusal("teacher: " + file.string()), Catch::Contains("there is none"));
  CHECK_THAT(tiny.refusal("teacher: " + file.string() + ", model: mpl"),
             Catch::Contains("no model is named mpl"));
  CHECK_THAT(tiny.refusal("teacher: " + file.string() + ", model: airbench"),
             Catch::Contains("algorithms.distillation.teacher") && Catch::Contains("does not fit"));
  CHECK_THAT(tiny.refusal(named, {"data.format.classes=4"}), Catch::Contains("knows the classes"));
  const std::string normalize =
      "augment=[normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}]";
  CHECK_THAT(tiny.refusal(named, {"data.format.size=24", normalize}),
             Catch::Contains("images of 32x32") && Catch::Contains("24x24"));
}

TEST_CASE("a run that goes on keeps its teacher") {
  const Tiny tiny;
  const fs::path first = tiny.trained("first"), second = tiny.trained("second", {"seed=4"});
  const runs::RunFolder stopped = run_once(tiny.options({"algorithms=[" + teacher(first) + "]"}),
                                           {}, std::make_unique<StopAt>(3, train::Event::kStepDone))
                                      .folder;
  const Overrides other = tiny.options({"algorithms=[" + teacher(second) + "]"});
  CHECK_THAT(message_of<ConfigError>([&] { run_once(other, stopped.path()); }),
             Catch::Contains("other weights than the teacher"));
  const Overrides same = tiny.options({"algorithms=[" + teacher(first) + "]"});
  CHECK(run_once(same, stopped.path()).reason == train::StopReason::kFinished);
}
