// Runs a piece of a test in a process of its own: for signals, stderr and the logger.
//
//   const ChildResult result = run_in_child([] { log().warn("low on disk"); });
//   CHECK(result.standard_error == "warning: low on disk\n");
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace stoker::test {

struct ChildResult {
  int exit_code = -1;  // 128 + n when signal n ended it
  std::string standard_error;
};

// The child ends by _exit(0) after `body`, or 99 if it threw.
ChildResult run_in_child(const std::function<void()>& body);

// The same while this process goes on; its standard error is that of the tests.
pid_t start_child(const std::function<void()>& body);
// Waits for its end. 128 + n when signal n ended it.
int exit_code_of(pid_t child);

}  // namespace stoker::test
