// A request to stop, from SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGUSR2, that loops poll.
//
// The first signal sets the flag; a second one ends the process at once with 128 + n. SIGUSR1 and
// SIGUSR2, with which schedulers warn and launchers pass requests on, set the flag and count as
// neither. Under nohup SIGHUP stays ignored.
#pragma once

#include <string>
#include <string_view>

namespace stoker {

void install_interrupt_handlers();
// The signal's number, 0 if none came.
int interrupt_signal();
// For tests, and for a process that handled the request.
void set_interrupt(int signal);

// Lines for standard error at the moment when the first and the second signal come, however long
// the loop takes to notice; "" for none, as it is from the start. Cut at 500 bytes. For one thread.
void set_interrupt_notices(std::string_view first, std::string_view second);

// The second of these, for who leaves without a second signal.
std::string lost_by_leaving();

}  // namespace stoker
