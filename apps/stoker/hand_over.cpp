#include "hand_over.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "stoker/core/error.h"
#include "stoker/core/program_file.h"

namespace stoker::app {

std::filesystem::path stoker_torch() {
  const ProgramFile found = find_program_file("stoker-torch");
  if (!found.path)
    throw ConfigError(
        fmt::format("stoker-torch, which does what needs LibTorch, is not beside this program; "
                    "build it or `cmake --install` both. Looked at{}",
                    found.tried));
  return *found.path;
}

int become_stoker_torch(char** argv) {
  const std::filesystem::path program = stoker_torch();
  execv(program.c_str(), argv);
  throw ConfigError(
      fmt::format("{} cannot be started: {}", program.string(), std::strerror(errno)));
}

}  // namespace stoker::app
