#include "stoker/core/interrupt.h"

#include <signal.h>
#include <unistd.h>

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

TEST_CASE("a handled request makes room for the next") {
  CHECK(run_in_child([] {
          install_interrupt_handlers();
          raise(SIGINT);
          set_interrupt(0);
          raise(SIGTERM);
          expect(interrupt_signal() == SIGTERM);
        }).exit_code == 0);
}
