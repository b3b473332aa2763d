// Runs a piece of a test in a process of its own: for signals, stderr and the logger.
//
//   const ChildResult result = run_in_child([] { log().warn("low on disk"); });
//   CHECK(result.standard_error == "warning: low on disk\n");
#pragma once

#include <functional>
#include <string>

namespace stoker::test {

struct ChildResult {
  int exit_code = -1;  // 128 + n when signal n ended it
  std::string standard_error;
};

// The child ends by _exit(0) after `body`, or 99 if it threw.
ChildResult run_in_child(const std::function<void()>& body);

}  // namespace stoker::test
