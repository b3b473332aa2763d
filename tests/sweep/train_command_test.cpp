#include "stoker/sweep/train_command.h"

#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using Words = std::vector<std::string>;

TEST_CASE("a trial begins with its overrides and goes on by its run's folder") {
  const test::TemporaryFolder folder;
  const std::string sweep = folder.path().string();
  const sweep::Trial trial{.number = 7, .overrides = {"a=[1, 2]", "seed=3"}, .epochs = 6};
  CHECK(sweep::train_command({"stoker"}, sweep, trial, 1, false) ==
        Words{"stoker", "train", sweep + "/base.yaml", "a=[1, 2]", "seed=3", "run.dir=" + sweep,
              "name=trial-007"});
  test::write(folder.path() / "trial-007" / "1" / "config.yaml", "name: x\n");
  CHECK(sweep::train_command({"stoker"}, sweep, trial, 1.0 / 3, true) ==
        Words{"stoker", "train", "--resume", sweep + "/trial-007/1", "train.stop_after_epochs=2"});
  CHECK(sweep::train_command({"stoker"}, sweep, trial, 1, true).back() ==
        "train.stop_after_epochs=none");
}

TEST_CASE("a line for a shell quotes what a shell would read") {
  CHECK(sweep::shell_line({"stoker", "a=[1, 2]", "b=it's", "", "c=1"}) ==
        "stoker 'a=[1, 2]' 'b=it'\\''s' '' c=1");
}
