// Programs of this folder that read or write files end on an error as stoker does: with its words
// and its exit code.
//
//   int main(int argc, char** argv) { return tool_main(run, argc, argv); }
#pragma once

#include <fmt/format.h>

#include <exception>

#include "stoker/core/error.h"

namespace stoker::bench {

template <class Run>
int tool_main(const Run& run, int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(ExitCode::kInternal);
  }
}

}  // namespace stoker::bench
