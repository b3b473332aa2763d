#include "support/child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <string>

#include "stoker/core/file.h"
#include "support/temporary.h"

namespace stoker::test {

pid_t start_child(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child != 0) return child;
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

int exit_code_of(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ChildResult run_in_child(const std::function<void()>& body) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "stderr";
  const int code = exit_code_of(start_child([&] {
    if (freopen(path.c_str(), "w", stderr) == nullptr) _exit(98);
    body();
  }));
  return code < 0 ? ChildResult{} : ChildResult{code, read_file(path)};
}

}  // namespace stoker::test
