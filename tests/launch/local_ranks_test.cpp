#include "stoker/launch/local_ranks.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "stoker/core/file.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using launch::run_ranks;

namespace {

// Of shells, each of which runs `script`.
launch::LocalRanks shells(int64_t count, const std::string& script) {
  return {.command = {"/bin/sh", "-c", script}, .count = count, .nodes = {}};
}

}  // namespace

TEST_CASE("each rank is told where it stands, and all meet at one port") {
  const test::TemporaryFolder folder;
  CHECK(run_ranks(shells(3,
                         "echo $RANK $WORLD_SIZE $LOCAL_RANK $LOCAL_WORLD_SIZE $MASTER_ADDR "
                         "${STOKER_STORE_FD:+serves} > " +
                             folder.path().string() + "/$RANK; echo $MASTER_PORT >> " +
                             folder.path().string() + "/ports")) == 0);
  CHECK(read_file(folder.path() / "0") == "0 3 0 3 127.0.0.1 serves\n");
  CHECK(read_file(folder.path() / "2") == "2 3 2 3 127.0.0.1\n");
  const std::string ports = read_file(folder.path() / "ports");
  CHECK(ports.substr(0, ports.size() / 3) == ports.substr(ports.size() / 3 * 2));
}

TEST_CASE("nodes have ranks of their own") {
  const test::TemporaryFolder folder;
  launch::LocalRanks ranks =
      shells(2, "echo $RANK $WORLD_SIZE $MASTER_ADDR $MASTER_PORT $STOKER_STORE_FD > " +
                    folder.path().string() + "/$LOCAL_RANK");
  ranks.nodes = {.count = 3, .index = 2, .master_address = "10.0.0.1", .master_port = 4321};
  CHECK(run_ranks(ranks) == 0);
  CHECK(read_file(folder.path() / "1") == "5 6 10.0.0.1 4321\n");
}

TEST_CASE("the exit code is that of the rank that failed first") {
  CHECK(run_ranks(shells(2, "[ $RANK = 1 ] && exit 3; sleep 0.3; exit 4")) == 3);
  CHECK(run_ranks(shells(2, "[ $RANK = 1 ] && kill -9 $$; sleep 0.3; exit 4")) == 128 + SIGKILL);
  CHECK(run_ranks(shells(2, "exit 75")) == 75);
  CHECK(run_ranks(shells(2, "[ $RANK = 0 ] && exit 75; sleep 0.3; exit 3")) == 3);
}

TEST_CASE("one request reaches all ranks as a mild one, and a second ends them") {
  const test::TemporaryFolder folder;
  const auto ready = [&](int rank) {
    return std::filesystem::exists(folder.path() / std::to_string(rank));
  };
  const std::string here = folder.path().string();
  const auto start = [&](const std::string& script) {
    const pid_t process = fork();
    if (process == 0) _exit(run_ranks(shells(2, script)));
    for (int i = 0; i < 500 && !(ready(0) && ready(1)); ++i) usleep(10'000);
    return process;
  };
  const auto code_of = [](pid_t process) {
    int status = 0;
    waitpid(process, &status, 0);
    return WEXITSTATUS(status);
  };
  const pid_t polite =
      start("trap 'exit 75' USR1; touch " + here + "/$RANK; while :; do sleep 0.01; done");
  kill(polite, SIGTERM);
  CHECK(code_of(polite) == 75);
  std::filesystem::remove(folder.path() / "0");
  std::filesystem::remove(folder.path() / "1");
  const pid_t stubborn =
      start("trap '' USR1; touch " + here + "/$RANK; while :; do sleep 0.01; done");
  kill(stubborn, SIGINT);
  usleep(200'000);
  kill(stubborn, SIGINT);
  CHECK(code_of(stubborn) == 128 + SIGINT);
}
