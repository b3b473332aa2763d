#include "stoker/core/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <initializer_list>

namespace stoker {
namespace {

// A handler may touch only lock-free atomics.
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int signal) {
  int none = 0;
  if (received.compare_exchange_strong(none, signal)) return;
  if (signal != SIGUSR1) _exit(128 + signal);
}

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    const bool under_nohup = signal == SIGHUP && before.sa_handler == SIG_IGN;
    if (!under_nohup) sigaction(signal, &action, nullptr);
  }
}

int interrupt_signal() { return received.load(std::memory_order_relaxed); }

void set_interrupt(int signal) { received.store(signal); }

}  // namespace stoker
