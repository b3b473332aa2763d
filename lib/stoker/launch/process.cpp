#include "stoker/launch/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "stoker/core/error.h"
#include "stoker/core/file.h"

namespace stoker::launch {

namespace {

constexpr int kCannotStart = 127;

std::vector<char*> words_of(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  return words;
}

// Held over a fork: a new process is not to take a signal with the handlers of this one, which
// would only note it.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { release(); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  // In the new process. Signals that were ignored stay so, as nohup wants it.
  void release_with_defaults() {
    for (const int signal :
         {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGSEGV, SIGABRT}) {
      struct sigaction action = {};
      ::sigaction(signal, nullptr, &action);
      if (action.sa_handler != SIG_IGN) ::signal(signal, SIG_DFL);
    }
    release();
  }

  void release() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

[[noreturn]] void execute(const std::vector<std::string>& command) {
  ::execv(command[0].c_str(), words_of(command).data());
  const std::string text =
      fmt::format("stoker: {}: cannot be started: {}\n", command[0], std::strerror(errno));
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) ::_exit(kCannotStart);
  ::_exit(kCannotStart);
}

void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kCannotStart);
}

// Standard output and error of a process; -1: those of this one.
struct Outputs {
  int output = -1, error = -1;
};

// In the new process. Nothing here throws: there is nobody to catch it.
[[noreturn]] void become(const Launch& launch, const Outputs& outputs, int gate) {
  ::setpgid(0, 0);
  char byte = 0;
  if (::read(gate, &byte, 1) != 1) ::_exit(kCannotStart);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  if (outputs.output >= 0) ::dup2(outputs.output, STDOUT_FILENO);
  if (outputs.error >= 0) ::dup2(outputs.error, STDERR_FILENO);
  if (launch.kept_descriptor >= 0) ::fcntl(launch.kept_descriptor, F_SETFD, 0);
  for (const auto& [name, value] : launch.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (!launch.cpus.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : launch.cpus) CPU_SET(static_cast<size_t>(cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set);
  }
  execute(launch.command);
}

Ending ending_of(int status) {
  if (WIFSIGNALED(status)) return {.exit_code = 128 + WTERMSIG(status), .signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status)};
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File nameless_file() {
  File file(std::tmpfile());
  if (!file) throw FileError(fmt::format("a temporary file: {}", std::strerror(errno)));
  return file;
}

std::string content_of(const File& file) {
  std::string text;
  std::fseek(file.get(), 0, SEEK_SET);
  char buffer[4096];
  for (size_t size; (size = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;)
    text.append(buffer, size);
  return text;
}

}  // namespace

Child::Child(const Launch& launch) {
  Outputs outputs{launch.output_descriptor, launch.error_descriptor};
  std::optional<Descriptor> file;
  if (!launch.output.empty()) {
    file.emplace(open_retrying(launch.output, O_WRONLY | O_CREAT | O_APPEND, 0666));
    if (file->get() < 0) fail(launch.output, "write");
    outputs = {file->get(), file->get()};
  }
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) fail(launch.command[0], "start");
  const Descriptor entry(gate[0]);
  gate_ = std::make_unique<Descriptor>(gate[1]);
  const pid_t parent = ::getpid();
  BlockedSignals blocked;
  process_ = ::fork();
  if (process_ < 0) fail(launch.command[0], "start");
  if (process_ == 0) {
    blocked.release_with_defaults();
    die_with(parent);
    gate_->close();  // or it would keep its own gate from ending
    become(launch, outputs, entry.get());
  }
}

void Child::go() {
  if (::write(gate_->get(), "g", 1) != 1) fail("a process", "start");
  gate_->close();
}

std::optional<Ending> Child::ended() {
  int status = 0;
  const pid_t result = ::waitpid(process_, &status, WNOHANG);
  if (result == 0 || (result < 0 && errno == EINTR)) return std::nullopt;
  return result < 0 ? Ending{.exit_code = kCannotStart} : ending_of(status);
}

int64_t process_start(pid_t process) {
  std::string text;
  try {
    text = read_file(fmt::format("/proc/{}/stat", process));
  } catch (const FileError&) {
    return 0;
  }
  // The name in parentheses may hold anything; the state is field 3, the start field 22.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  const char* at = text.c_str() + name_end + 1;
  while (*at == ' ') ++at;
  if (*at == 'Z' || *at == 'X') return 0;
  for (int field = 3; field < 22 && at != nullptr; ++field) {
    at = std::strchr(at, ' ');
    if (at != nullptr) ++at;
  }
  return at == nullptr ? 0 : std::strtoll(at, nullptr, 10);
}

Answer ask(const std::vector<std::string>& command, std::string_view input) {
  const File in = nameless_file(), out = nameless_file(), errors = nameless_file();
  std::fwrite(input.data(), 1, input.size(), in.get());
  std::fflush(in.get());
  std::fseek(in.get(), 0, SEEK_SET);
  const pid_t parent = ::getpid();
  BlockedSignals blocked;
  const pid_t process = ::fork();
  if (process < 0) fail(command[0], "start");
  if (process == 0) {
    blocked.release_with_defaults();
    die_with(parent);
    ::dup2(::fileno(in.get()), STDIN_FILENO);
    ::dup2(::fileno(out.get()), STDOUT_FILENO);
    ::dup2(::fileno(errors.get()), STDERR_FILENO);
    execute(command);
  }
  blocked.release();
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return {.ending = ending_of(status), .output = content_of(out), .errors = content_of(errors)};
}

}  // namespace stoker::launch
