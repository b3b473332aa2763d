#include "stoker/run/resume.h"

#include <ATen/ops/zeros.h>

#include "jobs/runs.h"
#include "stoker/core/error.h"
#include "stoker/jobs/resume_check.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;
using train::StopReason;

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
  runs::RunFolder stopped_at(int64_t step, const Overrides& more = {}) const {
    return run_once(options(more), {}, std::make_unique<StopAt>(step, Event::kStepDone)).folder;
  }
};

int64_t step_of(const runs::RunFolder& folder) {
  return runs::list_checkpoints(folder.checkpoints()).back().step;
}

const Overrides kConstant{"schedule=constant", "optimizer={name: sgd, lr: 0.01, momentum: 0.9}"};

}  // namespace

TEST_CASE("keys that cannot change on resume are all refused with their reasons") {
  const Tiny tiny;
  const runs::RunFolder folder = tiny.stopped_at(3);
  for (const auto& [change, told] : std::initializer_list<std::pair<Overrides, const char*>>{
           {{"seed=1"}, "seed: 0 → 1"},
           {{"train.batch_size=4"}, "train.batch_size: 8 → 4"},
           {{"model={name: mlp, hidden: [13]}"}, "model.hidden"},
           {{"optimizer=adam"}, "optimizer.name: sgd → adam"},
           {{"data.format.train_images=41"}, "data.format.train_images: 40 → 41"}}) {
    CAPTURE(told);
    CHECK_THROWS_WITH(run_once(tiny.options(change), folder.path()),
                      Catch::Contains(told) && Catch::Contains("without --resume"));
  }
  // All of them at once.
  CHECK_THROWS_WITH(run_once(tiny.options({"seed=1", "train.batch_size=4"}), folder.path()),
                    Catch::Contains("seed: 0 → 1") && Catch::Contains("train.batch_size: 8 → 4"));
  CHECK(step_of(folder) == 3);
}

TEST_CASE("other keys may change, among them the options of the optimizer") {
  const Tiny tiny;
  const runs::RunFolder folder = tiny.stopped_at(3);
  CHECK(run_once(tiny.options({"optimizer.lr=0.001", "train.precision=bf16", "algorithms=[ema]",
                               "data.threads=1"}),
                 folder.path())
            .reason == StopReason::kFinished);
}

TEST_CASE("an algorithm that is left out or added on resume starts from the weights") {
  const Tiny tiny;
  const runs::RunFolder with = tiny.stopped_at(7, {"algorithms=[ema]"});
  CHECK(run_once(tiny.options(), with.path()).reason == StopReason::kFinished);
  const runs::RunFolder without = run_once(tiny.options()).folder;
  // The average does not touch the training, only the evaluation of step 5, which used it.
  const auto lines = differences(without, with);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Catch::Contains("metrics.jsonl:3") && Catch::Contains("\"split\":\"val\""));
}

TEST_CASE("a training set of another size or with other classes is refused") {
  const Tiny tiny;
  const Overrides data = make_data("image_folder", tiny.folder.path() / "photos");
  const runs::RunFolder folder = tiny.stopped_at(3, data);
  const fs::path train_folder = tiny.folder.path() / "photos/train";
  const fs::path star = fs::directory_iterator(train_folder / "star")->path();
  fs::rename(star, tiny.folder.path() / "star.png");
  CHECK_THROWS_WITH(run_once(tiny.options(data), folder.path()),
                    Catch::Contains("39 images") && Catch::Contains("had 40"));
  fs::rename(tiny.folder.path() / "star.png", star);
  for (const char* split : {"train", "val"}) {
    fs::rename(tiny.folder.path() / "photos" / split / "star",
               tiny.folder.path() / "photos" / split / "sun");
  }
  CHECK_THROWS_WITH(run_once(tiny.options(data), folder.path()),
                    Catch::Contains("star") && Catch::Contains("sun"));
}

TEST_CASE("more epochs extend the run") {
  const Tiny tiny;
  // Where the rate does not depend on the length, to the bit the run that was longer from the
  // start.
  Overrides short_run = kConstant, long_run = kConstant;
  short_run.push_back("train.epochs=2");
  const runs::RunFolder folder = run_once(tiny.options(short_run)).folder;
  CHECK(step_of(folder) == 10);
  CHECK(run_once(tiny.options(long_run), folder.path()).reason == StopReason::kFinished);
  CHECK(step_of(folder) == 15);
  CHECK(differences(run_once(tiny.options(long_run)).folder, folder).empty());
  // Fewer than are done: nothing is left.
  CHECK(run_once(tiny.options(short_run), folder.path()).reason == StopReason::kFinished);
  CHECK(step_of(folder) == 15);
}

TEST_CASE("a named checkpoint is gone on from, and what came after it is set aside") {
  const Tiny tiny;
  const runs::RunFolder whole = run_once(tiny.options({"checkpoint.keep_last=9"})).folder;
  const runs::RunFolder again = run_once(tiny.options({"checkpoint.keep_last=9"})).folder;
  const fs::path middle = again.checkpoints() / "step-00000008";
  CHECK(run_once(tiny.options({"checkpoint.keep_last=9"}), middle).reason == StopReason::kFinished);
  CHECK(differences(whole, again).empty());
  CHECK(fs::exists(again.checkpoints() / "set-aside/step-00000012/manifest.json"));
  // By its pointer.
  CHECK(runs::find_resume_point(again.checkpoints() / "latest").checkpoint->folder().filename() ==
        "step-00000015");
  // A copy elsewhere belongs to no run; a damaged one is not replaced by another.
  fs::copy(middle, tiny.folder.path() / "copy", fs::copy_options::recursive);
  CHECK_THROWS_WITH(runs::find_resume_point(tiny.folder.path() / "copy"),
                    Catch::Contains("outside of its run's folder"));
  fs::resize_file(middle / "model.safetensors", 100);
  CHECK_THROWS_AS(runs::find_resume_point(middle), DataError);
}

TEST_CASE("a run whose checkpoints are all damaged starts again, and they are set aside") {
  const Tiny tiny;
  const runs::RunFolder folder = tiny.stopped_at(6);
  for (const auto& entry : runs::list_checkpoints(folder.checkpoints())) {
    fs::remove(entry.folder / "state.json");
  }
  CHECK(run_once(tiny.options(), folder.path()).reason == StopReason::kFinished);
  CHECK(differences(run_once(tiny.options()).folder, folder).empty());
}

TEST_CASE("losses that are no numbers survive a resume, and so does their count") {
  const Tiny tiny;
  // Diverges at once; the limit is reached across the stop.
  const Overrides wild{"optimizer={name: sgd, lr: 1e30}", "schedule=constant",
                       "train.max_nonfinite_steps=6"};
  CHECK_THROWS_AS(run_once(tiny.options(wild)), Diverged);
  const runs::RunFolder folder = tiny.stopped_at(6, wild);
  try {
    run_once(tiny.options(wild), folder.path());
    FAIL("it should have diverged");
  } catch (const Diverged& error) {
    CHECK_THAT(error.what(), Catch::Contains("for 6 steps in a row"));
  }
}

TEST_CASE("the newest run is the one that was written to last, whatever its name") {
  const Tiny tiny;
  CHECK_THROWS_AS(runs::newest_run(tiny.folder.path()), ConfigError);
  const runs::RunFolder b = tiny.stopped_at(2, {"name=b"});
  const runs::RunFolder a = tiny.stopped_at(2, {"name=a"});
  CHECK(runs::newest_run(tiny.folder.path()).path() == a.path());
  run_once(tiny.options({"name=b"}), b.path());
  CHECK(runs::newest_run(tiny.folder.path()).path() == b.path());
}

TEST_CASE("a better evaluation is saved at once") {
  const Tiny tiny;
  const Overrides only_best{"checkpoint.every_epochs=0", "checkpoint.every_steps=none",
                            "checkpoint.keep_last=1", "checkpoint.monitor=val.loss",
                            "checkpoint.keep_best=9"};
  const runs::RunFolder folder = run_once(tiny.options(only_best)).folder;
  const auto list = runs::list_checkpoints(folder.checkpoints());
  CHECK(list.front().step == 5);
}

TEST_CASE("checkpoints by minutes") {
  const Tiny tiny;
  const runs::RunFolder folder =
      run_once(tiny.options({"checkpoint.every_epochs=0", "checkpoint.every_steps=none",
                             "checkpoint.every_minutes=1e-9", "checkpoint.keep_last=99"}))
          .folder;
  CHECK(runs::list_checkpoints(folder.checkpoints()).size() == 15);
}

TEST_CASE("training the steps between two checkpoints again finds them the same") {
  const Tiny tiny;
  const runs::RunFolder folder = run_once(tiny.options({"algorithms=[ema]"})).folder;
  const jobs::ResumeCheck check = jobs::check_resumption(folder.path(), {});
  CHECK(check.differences.empty());
  CHECK(check.from_step == 12);
  CHECK(check.to_step == 15);
  CHECK(check.tensors > 6);
  CHECK(check.metric_lines == 2);  // of training and evaluation at the end of the epoch
  // From the start, where there is one checkpoint alone.
  for (const auto& entry : runs::list_checkpoints(folder.checkpoints())) {
    if (entry.step < 15) fs::remove_all(entry.folder);
  }
  const jobs::ResumeCheck from_start = jobs::check_resumption(folder.path(), {});
  CHECK(from_start.from.empty());
  CHECK(from_start.differences.empty());
  CHECK_THROWS_AS(jobs::check_resumption(folder.path() / "nothing", {}), ConfigError);
}

TEST_CASE("training again under other conditions tells what differs") {
  const Tiny tiny;
  const runs::RunFolder folder = run_once(tiny.options()).folder;
  const jobs::ResumeCheck check =
      jobs::check_resumption(folder.path(), Overrides{"optimizer.lr=0.02"});
  REQUIRE_FALSE(check.differences.empty());
  CHECK_THAT(check.differences[0], Catch::Contains("model.safetensors"));
  CHECK_THAT(check.differences.back(), Catch::Contains("metrics.jsonl"));
}
