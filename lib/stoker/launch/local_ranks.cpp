#include "stoker/launch/local_ranks.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"
#include "stoker/core/terminal.h"
#include "stoker/launch/place.h"
#include "stoker/launch/process.h"

namespace stoker::launch {

namespace {

using Clock = std::chrono::steady_clock;

// How long ranks may go on after one of them has failed, or has left because of a signal.
constexpr auto kGrace = std::chrono::seconds(15);
constexpr int kInterruptedCode = static_cast<int>(ExitCode::kInterrupted);

std::atomic<int> signals_seen{0}, last_signal{0};

void note_signal(int signal) {
  last_signal = signal;
  ++signals_seen;
}

// Of run_ranks: what signals do meanwhile.
class CountedSignals {
 public:
  CountedSignals() {
    signals_seen = 0;
    for (size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction action = {};
      ::sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler == SIG_IGN) continue;  // as nohup wants it
      action.sa_handler = note_signal;
      ::sigaction(kSignals[i], &action, nullptr);
    }
  }
  ~CountedSignals() {
    for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  CountedSignals(const CountedSignals&) = delete;
  CountedSignals& operator=(const CountedSignals&) = delete;

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
  std::array<struct sigaction, kSignals.size()> before_{};
};

// A socket that listens on the loopback device, so that nobody else can have the port before rank 0
// serves there.
struct Listening {
  std::unique_ptr<Descriptor> socket;
  int port = 0;
};

Listening listen_on_loopback() {
  const auto refuse = [] {
    throw FileError(fmt::format("a port for the ranks to meet at: {}", std::strerror(errno)));
  };
  Listening listening{
      .socket = std::make_unique<Descriptor>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  const int socket = listening.socket->get();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (socket < 0 || ::bind(socket, any, size) != 0 || ::listen(socket, SOMAXCONN) != 0 ||
      ::getsockname(socket, any, &size) != 0) {
    refuse();
  }
  listening.port = ntohs(address.sin_port);
  return listening;
}

struct Pipe {
  std::unique_ptr<Descriptor> end, entry;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("a rank's output", "read");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {std::make_unique<Descriptor>(ends[0]), std::make_unique<Descriptor>(ends[1])};
}

// Lines of a rank's output, passed on behind its number.
class RankLines {
 public:
  RankLines(int64_t rank, std::unique_ptr<Descriptor> pipe)
      : prefix_(fmt::format("[rank {}] ", rank)), pipe_(std::move(pipe)) {}

  int descriptor() const { return pipe_ ? pipe_->get() : -1; }

  void pass_on() {
    char buffer[4096];
    ssize_t size = 0;
    while (pipe_ && (size = ::read(pipe_->get(), buffer, sizeof buffer)) > 0)
      rest_.append(buffer, static_cast<size_t>(size));
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) pipe_.reset();
    for (size_t end; (end = rest_.find('\n')) != std::string::npos; rest_.erase(0, end + 1))
      print(rest_.substr(0, end));
    if (!pipe_ && !rest_.empty()) print(std::exchange(rest_, ""));
  }

 private:
  // An error as a JSON object says by itself whose it is.
  void print(const std::string& line) const {
    write_above_line((line.starts_with("{\"rank\":") ? line : prefix_ + line) + "\n");
  }

  std::string prefix_;
  std::unique_ptr<Descriptor> pipe_;
  std::string rest_;
};

class Ranks {
 public:
  explicit Ranks(const LocalRanks& wanted) : wanted_(wanted) {}

  int run() {
    const CountedSignals counted;
    start();
    while (!all_ended()) {
      wait_for_output();
      note_endings();
      heed_signals();
      end_stragglers();
    }
    for (Rank& rank : ranks_)
      if (rank.lines) rank.lines->pass_on();
    return exit_code();
  }

 private:
  struct Rank {
    int64_t number = 0;  // among all
    Child child;
    std::optional<RankLines> lines;  // none: of the first, which has this process's own output
    std::optional<Ending> ending;
  };

  void start() {
    const Nodes& nodes = wanted_.nodes;
    std::string address = nodes.master_address;
    int port = nodes.master_port;
    Listening listening;
    if (nodes.count == 1) {
      listening = listen_on_loopback();
      address = "127.0.0.1";
      port = listening.port;
    }
    for (int64_t i = 0; i < wanted_.count; ++i) {
      const int64_t number = nodes.index * wanted_.count + i;
      Launch launch{.command = wanted_.command};
      launch.environment = {{"STOKER_LAUNCHER", "1"},
                            {"RANK", fmt::to_string(number)},
                            {"WORLD_SIZE", fmt::to_string(nodes.count * wanted_.count)},
                            {"LOCAL_RANK", fmt::to_string(i)},
                            {"LOCAL_WORLD_SIZE", fmt::to_string(wanted_.count)},
                            {"MASTER_ADDR", address},
                            {"MASTER_PORT", fmt::to_string(port)}};
      if (number == 0 && listening.socket) {
        launch.kept_descriptor = listening.socket->get();
        launch.environment.emplace_back("STOKER_STORE_FD", fmt::to_string(listening.socket->get()));
      }
      Pipe pipe;
      if (number > 0) {
        pipe = make_pipe();
        launch.output_descriptor = launch.error_descriptor = pipe.entry->get();
      }
      Rank rank{.number = number, .child = Child(launch), .lines = {}, .ending = {}};
      if (pipe.end) rank.lines.emplace(number, std::move(pipe.end));
      ranks_.push_back(std::move(rank));
    }
    for (Rank& rank : ranks_) rank.child.go();
  }

  bool all_ended() const {
    return std::ranges::all_of(ranks_, [](const Rank& rank) { return rank.ending.has_value(); });
  }

  void wait_for_output() {
    constexpr int kMilliseconds = 20;
    std::vector<pollfd> waiting;
    for (const Rank& rank : ranks_) {
      if (rank.lines && rank.lines->descriptor() >= 0)
        waiting.push_back({.fd = rank.lines->descriptor(), .events = POLLIN, .revents = 0});
    }
    ::poll(waiting.data(), waiting.size(), kMilliseconds);
    for (Rank& rank : ranks_)
      if (rank.lines) rank.lines->pass_on();
  }

  // Of ranks that are seen to have ended at the same moment, one that was killed comes first:
  // others end because of it, not the other way round.
  void note_endings() {
    std::optional<size_t> failed;
    for (size_t i = 0; i < ranks_.size(); ++i) {
      Rank& rank = ranks_[i];
      if (rank.ending) continue;
      rank.ending = rank.child.ended();
      if (!rank.ending || rank.ending->exit_code == 0) continue;
      if (rank.ending->exit_code == kInterruptedCode) {
        if (!stopped_at_) stopped_at_ = Clock::now();
        continue;
      }
      if (has_cut_) continue;  // by this launcher
      if (!failed || (ranks_[*failed].ending->signal == 0 && rank.ending->signal != 0)) failed = i;
    }
    if (!failed || first_failure_) return;
    first_failure_ = failed;
    failed_at_ = Clock::now();
  }

  void send(int signal) {
    for (Rank& rank : ranks_)
      if (!rank.ending) ::kill(rank.child.process(), signal);
  }

  // What SIGUSR1 asks for may reach a rank twice, as where a scheduler signals all processes.
  void heed_signals() {
    const int seen = signals_seen;
    if (seen == heeded_) return;
    const bool is_first = heeded_ == 0;
    heeded_ = seen;
    const int signal = last_signal;
    const bool is_mild = signal == SIGUSR1 || signal == SIGUSR2;
    send(is_first || is_mild ? SIGUSR1 : SIGKILL);
    if (!is_first && !is_mild) ended_by_ = signal;
  }

  void end_stragglers() {
    const auto is_over = [](const std::optional<Clock::time_point>& since) {
      return since && Clock::now() - *since > kGrace;
    };
    if (!is_over(failed_at_) && !is_over(stopped_at_)) return;
    has_cut_ = true;
    send(SIGKILL);
  }

  int exit_code() const {
    if (ended_by_ != 0) return 128 + ended_by_;
    if (!first_failure_) {
      const auto interrupted = std::ranges::find_if(
          ranks_, [](const Rank& rank) { return rank.ending->exit_code != 0; });
      return interrupted == ranks_.end() ? 0 : kInterruptedCode;
    }
    const Rank& rank = ranks_[*first_failure_];
    const std::string how = rank.ending->signal != 0
                                ? fmt::format("was ended by signal {} ({})", rank.ending->signal,
                                              ::strsignal(rank.ending->signal))
                                : fmt::format("failed with exit code {}", rank.ending->exit_code);
    fmt::print(stderr, "stoker: rank {} of {} (host {}) {}, and the run ended with it.\n",
               rank.number, wanted_.nodes.count * wanted_.count, host_name(), how);
    return rank.ending->exit_code;
  }

  const LocalRanks& wanted_;
  std::vector<Rank> ranks_;
  std::optional<size_t> first_failure_;
  std::optional<Clock::time_point> failed_at_, stopped_at_;
  bool has_cut_ = false;  // ranks that did not end by themselves
  int heeded_ = 0, ended_by_ = 0;
};

}  // namespace

int run_ranks(const LocalRanks& ranks) { return Ranks(ranks).run(); }

}  // namespace stoker::launch
