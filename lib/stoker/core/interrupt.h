// A request to stop, from SIGINT, SIGTERM or SIGUSR1, that loops poll.
//
// The first signal sets the flag; a second SIGINT or SIGTERM ends the process at once with 128 + n.
#pragma once

namespace stoker {

void install_interrupt_handlers();
// The signal's number, 0 if none came.
int interrupt_signal();
// For tests, and for a process that handled the request.
void set_interrupt(int signal);

}  // namespace stoker
