#include "stoker/core/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "stoker/core/stop_reminder.h"
#include "support/catch.h"
#include "support/child.h"

using namespace stoker;
using test::run_in_child;

namespace {

void expect(bool condition) {
  if (!condition) _exit(1);
}

}  // namespace

TEST_CASE("the first signal sets the flag and the process goes on") {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) {
    INFO("signal " << signal);
    CHECK(run_in_child([signal] {
            install_interrupt_handlers();
            expect(interrupt_signal() == 0);
            raise(signal);
            expect(interrupt_signal() == signal);
          }).exit_code == 0);
  }
}

TEST_CASE("a second SIGINT or SIGTERM ends the process with 128 + n") {
  CHECK(run_in_child([] {
          install_interrupt_handlers();
          raise(SIGINT);
          raise(SIGTERM);
        }).exit_code == 128 + SIGTERM);
}

TEST_CASE("what a scheduler warns with counts as none of two requests") {
  CHECK(run_in_child([] {
          install_interrupt_handlers();
          raise(SIGUSR1);
          raise(SIGUSR2);
          expect(interrupt_signal() == SIGUSR1);
          raise(SIGTERM);
          expect(interrupt_signal() == SIGTERM);
        }).exit_code == 0);
  CHECK(run_in_child([] {
          install_interrupt_handlers();
          raise(SIGUSR1);
          raise(SIGTERM);
          raise(SIGINT);
        }).exit_code == 128 + SIGINT);
}

TEST_CASE("a second SIGUSR1 changes nothing") {
  CHECK(run_in_child([] {
          install_interrupt_handlers();
          raise(SIGTERM);
          raise(SIGUSR1);
          expect(interrupt_signal() == SIGTERM);
        }).exit_code == 0);
}

TEST_CASE("what is waited for is said after the first signal, and not before") {
  const auto result = run_in_child([] {
    install_interrupt_handlers();
    set_stop_reminder("still busy");
    set_interrupt_notices("stopping", "left");
    raise(SIGALRM);
    raise(SIGINT);
    raise(SIGALRM);
    set_stop_reminder("still busier");
    raise(SIGALRM);
    expect(alarm(0) > 0);  // it comes again
    set_interrupt(0);
    raise(SIGALRM);
    expect(alarm(0) == 0);
  });
  CHECK(result.exit_code == 0);
  CHECK(result.standard_error == "stopping\nstill busy\nstill busier\n");
}

TEST_CASE("a handled request makes room for the next") {
  CHECK(run_in_child([] {
          install_interrupt_handlers();
          raise(SIGINT);
          set_interrupt(0);
          raise(SIGTERM);
          expect(interrupt_signal() == SIGTERM);
        }).exit_code == 0);
}
