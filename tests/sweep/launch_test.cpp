#include "stoker/sweep/launch.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/sweep/status.h"
#include "support/catch.h"
#include "sweep/sweeps.h"

using namespace stoker;
using sweep::Trial;
using sweep::TrialState;

namespace {

// A program of this name before all others on PATH, for the lifetime of this.
class OnPath {
 public:
  OnPath(const std::string& name, const std::string& script) : before_(std::getenv("PATH")) {
    test::write(folder_.path() / name, "#!/bin/sh\n" + script);
    ::chmod((folder_.path() / name).c_str(), 0755);
    ::setenv("PATH", (folder_.path().string() + ":" + before_).c_str(), 1);
  }
  ~OnPath() { ::setenv("PATH", before_.c_str(), 1); }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  test::TemporaryFolder folder_;
  std::string before_;
};

// In a process of its own, which becomes the training.
int run_task(const test::Sweep& sweep, int64_t number) {
  const pid_t process = fork();
  if (process == 0) {
    try {
      sweep::run_task({FAKE_TRAINER}, sweep.path(), number);
      _exit(0);
    } catch (const Error& error) {
      _exit(static_cast<int>(error.exit_code()));
    }
  }
  int status = 0;
  waitpid(process, &status, 0);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a task runs its trial, and the folders say what came of it") {
  const test::Sweep sweep(test::plan_of({"value=0.5,0.9", "exit=0,3"}));
  CHECK(run_task(sweep, 3) == 0);
  CHECK(run_task(sweep, 4) == 3);
  CHECK(run_task(sweep, 9) == 2);
  const auto status = sweep::read_status(sweep.path(), "val.top1");
  CHECK(status.trials[0].state == TrialState::kQueued);
  CHECK(status.trials[2].state == TrialState::kDone);
  CHECK(status.trials[2].metrics.at("val.top1") == Approx(0.9));
  CHECK(sweep.trials()[2].state == TrialState::kQueued);  // looking writes nothing
  CHECK(run_task(sweep, 3) == 0);                         // and does not train again
  CHECK(sweep::read_status(sweep.path(), "val.top1").trials[2].steps == 20);
}

TEST_CASE("the commands for other schedulers are one line a trial") {
  const test::TemporaryFolder folder;
  const Trial trial{.number = 7};
  CHECK(sweep::task_line({"/usr/bin/stoker"}, folder.path(), trial) ==
        "/usr/bin/stoker sweep " + folder.path().string() + " --task 7");
}

TEST_CASE("a batch file for Slurm names what is left, and queues again what was interrupted") {
  const test::TemporaryFolder folder;
  const std::vector<Trial> trials{{.number = 1}, {.number = 2}, {.number = 3}, {.number = 7}};
  const std::string text = sweep::sbatch_text({"/usr/bin/stoker"}, folder.path(), trials, 4);
  CHECK_THAT(text, Catch::Contains("#SBATCH --array=1-3,7%4\n"));
  CHECK_THAT(text, Catch::Contains("#SBATCH --requeue\n"));
  CHECK_THAT(text, Catch::Contains("scontrol requeue \"${SLURM_ARRAY_JOB_ID}_"));
  const auto file = folder.path() / "a.sbatch";
  test::write(file, text);
  CHECK(std::system(("bash -n " + file.string()).c_str()) == 0);
}

TEST_CASE("an array's task runs its trial and asks for another turn when it was interrupted") {
  const test::Sweep sweep(test::plan_of({"value=0.5,0.9"}));
  const OnPath scontrol("scontrol", "echo \"$@\" > \"$(dirname \"$0\")/asked\"\n");
  const auto program = scontrol.path() / "stoker";
  const auto run = [&](const std::string& body) {
    test::write(program, "#!/bin/sh\n" + body);
    ::chmod(program.c_str(), 0755);
    const auto file = scontrol.path() / "a.sbatch";
    test::write(file, sweep::sbatch_text({program.string()}, sweep.path(), sweep.trials(), 1));
    const std::string command =
        "SLURM_ARRAY_JOB_ID=40 SLURM_ARRAY_TASK_ID=2 bash " + file.string() + " > /dev/null";
    return WEXITSTATUS(std::system(command.c_str()));
  };
  CHECK(run("[ \"$*\" = \"sweep " + sweep.path().string() + " --task 2\" ] || exit 9\n") == 0);
  CHECK_FALSE(std::filesystem::exists(scontrol.path() / "asked"));
  CHECK(run("exit 75\n") == 75);
  CHECK(read_file(scontrol.path() / "asked") == "requeue 40_2\n");
}

TEST_CASE("a sweep is given to sbatch, and what it refuses is said") {
  const test::Sweep sweep(test::plan_of({"value=0.5,0.9"}));
  {
    const OnPath sbatch("sbatch", "[ -f \"$2\" ] && echo 1234\n");
    CHECK(sweep::submit({"/usr/bin/stoker"}, sweep.path(), sweep.trials(), 2) == "1234");
  }
  const OnPath sbatch("sbatch", "echo 'no such partition' >&2; exit 1\n");
  CHECK_THROWS_WITH(sweep::submit({"/usr/bin/stoker"}, sweep.path(), sweep.trials(), 2),
                    Catch::Contains("no such partition"));
}

TEST_CASE("a folder that is no sweep's is refused") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(sweep::is_sweep(folder.path()));
  CHECK_THROWS_WITH(sweep::read_status(folder.path(), "val.top1"), Catch::Contains("register"));
}
