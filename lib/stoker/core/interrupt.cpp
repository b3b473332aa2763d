#include "stoker/core/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "stoker/core/stop_reminder.h"
#include "stoker/core/terminal.h"

namespace stoker {
namespace {

// A handler may touch only lock-free atomics.
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

// Written by one thread into the pair that the handler does not look at, then shown to it.
struct Notices {
  std::array<char, 512> first{}, second{}, reminder{};
};
constexpr unsigned kReminderEvery_s = 10;
std::array<Notices, 2> notices;
std::atomic<int> shown_notices{0};
std::atomic<bool> may_erase{false};  // a handler is not to ask what terminal this is

// write() is all that a handler may use. On a terminal the line replaces a progress bar.
void notify(const std::array<char, 512>& text) {
  const size_t size = strnlen(text.data(), text.size());
  if (size == 0) return;
  const int saved = errno;
  const auto put = [](const char* data, size_t bytes) {
    if (write(STDERR_FILENO, data, bytes) < 0) return;  // whoever watched is gone
  };
  if (may_erase.load()) put("\r\x1b[K", 4);
  put(text.data(), size);
  errno = saved;
}

void fill(std::array<char, 512>& buffer, std::string_view line) {
  buffer.fill('\0');
  if (line.empty()) return;
  const size_t size = line.copy(buffer.data(), buffer.size() - 2);
  buffer[size] = '\n';
}

// What schedulers warn with, and launchers pass on: it asks to stop as others do, but counts as
// none of a person's two requests.
bool is_mild(int signal) { return signal == SIGUSR1 || signal == SIGUSR2; }

extern "C" void on_signal(int signal) {
  const Notices& shown = notices[static_cast<size_t>(shown_notices.load())];
  int none = 0;
  if (received.compare_exchange_strong(none, signal)) {
    notify(shown.first);
    alarm(kReminderEvery_s);
    return;
  }
  if (is_mild(signal)) return;
  if (is_mild(none) && received.compare_exchange_strong(none, signal)) return;
  notify(shown.second);
  _exit(128 + signal);
}

extern "C" void on_alarm(int) {
  if (received.load() == 0) return;  // the request was handled
  notify(notices[static_cast<size_t>(shown_notices.load())].reminder);
  alarm(kReminderEvery_s);
}

// Writes into the notices that are not shown, which begin as those that are, and shows them.
template <typename Write>
void show_changed(const Write& write) {
  const int shown = shown_notices.load(), hidden = 1 - shown;
  Notices& next = notices[static_cast<size_t>(hidden)];
  next = notices[static_cast<size_t>(shown)];
  write(next);
  shown_notices.store(hidden);
}

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    const bool under_nohup = signal == SIGHUP && before.sa_handler == SIG_IGN;
    if (!under_nohup) sigaction(signal, &action, nullptr);
  }
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, nullptr);
}

int interrupt_signal() { return received.load(std::memory_order_relaxed); }

void set_interrupt(int signal) { received.store(signal); }

void set_interrupt_notices(std::string_view first, std::string_view second) {
  may_erase.store(is_screen());
  show_changed([&](Notices& next) {
    fill(next.first, first);
    fill(next.second, second);
  });
}

void set_stop_reminder(std::string_view line) {
  show_changed([&](Notices& next) { fill(next.reminder, line); });
}

std::string lost_by_leaving() {
  const Notices& shown = notices[static_cast<size_t>(shown_notices.load())];
  std::string text(shown.second.data(), strnlen(shown.second.data(), shown.second.size()));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace stoker
