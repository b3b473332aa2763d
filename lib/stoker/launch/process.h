// Processes that stoker starts: the trials of a sweep, the ranks of a training.
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
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/descriptor.h"

namespace stoker::launch {

struct Launch {
  std::vector<std::string> command;  // the program's path and its words
  // Standard output and error: added to this file, else to these descriptors; -1: this process's.
  std::filesystem::path output;
  int output_descriptor = -1, error_descriptor = -1;
  std::vector<int> cpus;  // that it may run on; empty: those of this process
  std::vector<std::pair<std::string, std::string>> environment;  // besides that of this process
  int kept_descriptor = -1;                                      // stays open in it until it ends
};

struct Ending {
  int exit_code = 0;  // 128 + n when signal n ended it
  int signal = 0;
};

// A process in a group of its own, so that Ctrl-C reaches this process alone; the kernel sends it
// SIGTERM when this process dies, so that it saves and ends.
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

}  // namespace stoker::launch
