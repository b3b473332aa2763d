#include "stoker/sweep/open_sweep.h"

#include <unistd.h>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "support/catch.h"
#include "sweep/sweeps.h"

using namespace stoker;
using sweep::open_sweep;

namespace {

// The fake trainer's answer names no run.dir, so that sweeps are in runs/fake/ of this folder.
class WorkingFolder {
 public:
  WorkingFolder() : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder_.path());
  }
  ~WorkingFolder() { std::filesystem::current_path(before_); }

 private:
  test::TemporaryFolder folder_;
  std::filesystem::path before_;
};

sweep::SweepRequest request(std::vector<std::string> words, bool is_new = false) {
  return {.config = "a.yaml",
          .plan = test::plan_of(std::move(words)),
          .program = {FAKE_TRAINER},
          .is_new = is_new};
}

}  // namespace

TEST_CASE("the same command goes on with the sweep that it began") {
  const WorkingFolder here;
  {
    const auto first = open_sweep(request({"a=1,2"}));
    CHECK(first.is_new);
    CHECK(first.folder == "runs/fake/sweep-1");
    CHECK(first.book.trials().size() == 2);
    CHECK(first.book.trials()[0].epochs == 4);
    CHECK_THAT(read_file(first.folder / "base.yaml"), Catch::Contains("epochs: 4"));
    CHECK_THROWS_WITH(open_sweep(request({"a=1,2"})), Catch::Contains("is in use by process"));
  }
  CHECK_FALSE(open_sweep(request({"a=1,2"})).is_new);
  CHECK(sweep::newest_sweep("a.yaml", {}, {FAKE_TRAINER}) == "runs/fake/sweep-1");
}

TEST_CASE("a changed space is refused by the names of its keys, unless another sweep is wanted") {
  const WorkingFolder here;
  open_sweep(request({"a=1,2", "b=1,2"}));
  CHECK_THROWS_WITH(
      open_sweep(request({"a=1,2,3", "b=1,2"})),
      Catch::Contains("a: 1,2, now 1,2,3") && Catch::Contains("--new") && !Catch::Contains("b: "));
  CHECK(open_sweep(request({"a=1,2,3"}, true)).folder == "runs/fake/sweep-2");
  CHECK_FALSE(open_sweep(request({"a=1,2,3"})).is_new);
}

TEST_CASE("every trial is checked before anything is there") {
  const WorkingFolder here;
  CHECK_THROWS_WITH(open_sweep(request({"a=1,2", "bad=1,2"})),
                    Catch::Contains("4 of 4 trials would be refused") &&
                        Catch::Contains("trial-001: a=1 bad=1") && Catch::Contains("unknown key"));
  CHECK_FALSE(std::filesystem::exists("runs"));
}

TEST_CASE("a metric that the trials' task does not measure is refused") {
  const WorkingFolder here;
  sweep::SweepRequest asked = request({"a=1,2"});
  asked.plan.metric = "val.map";
  CHECK_THROWS_WITH(open_sweep(asked),
                    Catch::Contains("2 of 2 trials") &&
                        Catch::Contains("val.map is not measured with task: classification"));
}

TEST_CASE("a folder that a kill left without a register is used again") {
  const WorkingFolder here;
  std::filesystem::create_directories("runs/fake/sweep-1");
  CHECK(open_sweep(request({"a=1,2"})).folder == "runs/fake/sweep-1");
}
