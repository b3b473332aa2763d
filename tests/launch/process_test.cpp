#include "stoker/launch/process.h"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <thread>

#include "stoker/core/file.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;

namespace {

launch::Ending wait_for(launch::Child& child) {
  while (true) {
    if (const auto ending = child.ended()) return *ending;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

TEST_CASE("a child's output and exit code are seen") {
  const test::TemporaryFolder folder;
  const auto output = folder.path() / "out.txt";
  launch::Child child(
      {.command = {"/bin/sh", "-c", "echo $CUDA_VISIBLE_DEVICES; echo b >&2; exit 7"},
       .output = output,
       .environment = {{"CUDA_VISIBLE_DEVICES", "3"}}});
  CHECK(launch::process_start(child.process()) > 0);
  child.go();
  CHECK(wait_for(child).exit_code == 7);
  CHECK(read_file(output) == "3\nb\n");
}

TEST_CASE("a child does nothing before it may") {
  const test::TemporaryFolder folder;
  const auto mark = folder.path() / "mark";
  {
    launch::Child child({.command = {"/bin/sh", "-c", "touch " + mark.string()},
                         .output = folder.path() / "out.txt"});
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    CHECK_FALSE(std::filesystem::exists(mark));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  CHECK_FALSE(std::filesystem::exists(mark));
}

TEST_CASE("a child that dies by a signal, and one that cannot start") {
  const test::TemporaryFolder folder;
  const auto output = folder.path() / "out.txt";
  launch::Child killed({.command = {"/bin/sh", "-c", "kill -9 $$"}, .output = output});
  killed.go();
  const launch::Ending ending = wait_for(killed);
  CHECK(ending.signal == SIGKILL);
  CHECK(ending.exit_code == 137);
  launch::Child missing({.command = {"/nowhere/stoker"}, .output = output});
  missing.go();
  CHECK(wait_for(missing).exit_code == 127);
  CHECK_THAT(read_file(output), Catch::Contains("/nowhere/stoker: cannot be started"));
}

TEST_CASE("a child is asked to end when its parent dies") {
  const test::TemporaryFolder folder;
  const auto mark = folder.path() / "mark";
  const pid_t parent = fork();
  if (parent == 0) {
    launch::Child child({.command = {"/bin/sh", "-c",
                                     "trap 'touch " + mark.string() +
                                         "; exit' TERM; echo ready; while :; do sleep 0.01; done"},
                         .output = folder.path() / "out.txt"});
    child.go();
    while (read_file(folder.path() / "out.txt").empty()) usleep(1000);
    _exit(0);
  }
  waitpid(parent, nullptr, 0);
  for (int i = 0; i < 500 && !std::filesystem::exists(mark); ++i) usleep(10'000);
  CHECK(std::filesystem::exists(mark));
}

TEST_CASE("a question and its answer") {
  const launch::Answer answer = launch::ask({"/bin/sh", "-c", "cat; echo e >&2; exit 3"}, "a\nb\n");
  CHECK(answer.output == "a\nb\n");
  CHECK(answer.errors == "e\n");
  CHECK(answer.ending.exit_code == 3);
}

TEST_CASE("a process that is none has no start") {
  CHECK(launch::process_start(getpid()) > 0);
  CHECK(launch::process_start(-1) == 0);
  CHECK(launch::process_start(999'999'999) == 0);
}
