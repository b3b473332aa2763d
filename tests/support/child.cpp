#include "support/child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <string>

#include "stoker/core/file.h"
#include "support/temporary.h"

namespace stoker::test {

ChildResult run_in_child(const std::function<void()>& body) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "stderr";
  const pid_t child = fork();
  if (child == 0) {
    if (freopen(path.c_str(), "w", stderr) == nullptr) _exit(98);
    try {
      body();
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
      fflush(stderr);
      _exit(99);
    }
    fflush(stderr);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return {};
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, read_file(path)};
}

}  // namespace stoker::test
