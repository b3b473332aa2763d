// Processes that a sweep starts: trials, and the check of their configurations.
//
//   Child child({.command = {"/usr/bin/stoker", "train", "a.yaml"}, .output = "out.txt"});
//   note(child.process());   // before it does anything
//   child.go();
//   while (!child.ended()) …
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stoker/core/descriptor.h"

namespace stoker::sweep {

struct Launch {
  std::vector<std::string> command;   // the program's path and its words
  std::filesystem::path output;       // standard output and error are added to this file
  std::vector<int> cpus;              // that it may run on; empty: those of this process
  std::optional<std::string> device;  // of CUDA_VISIBLE_DEVICES; none: as in this process
  int kept_descriptor = -1;           // stays open in it until it ends
};

struct Ending {
  int exit_code = 0;  // 128 + n when signal n ended it
  int signal = 0;
};

// A process in a group of its own, so that Ctrl-C reaches the coordinator alone; the kernel sends
// it SIGTERM when the coordinator dies, so that it saves and ends.
class Child {
 public:
  // Made, and waits for go(); ends without having done anything if that never comes. Throws
  // FileError.
  explicit Child(const Launch& launch);
  Child(Child&& other) noexcept = default;
  Child& operator=(Child&& other) noexcept = default;
  void go();
  pid_t process() const { return process_; }
  // Nothing while it runs.
  std::optional<Ending> ended();

 private:
  pid_t process_ = -1;
  std::unique_ptr<Descriptor> gate_;
};

// When a process began, in ticks since boot; 0 where there is none of that number or it has ended.
int64_t process_start(pid_t process);

struct Answer {
  Ending ending;
  std::string output, errors;
};
// Runs a command to its end with this on its standard input.
Answer ask(const std::vector<std::string>& command, std::string_view input);

}  // namespace stoker::sweep
