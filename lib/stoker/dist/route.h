// By which of its addresses a host is reached by the others.
#pragma once

#include <string>

namespace stoker::dist {

// The address that this host's packets to `host` carry, by the system's routes; else the first of
// an interface that is up, where that is a loopback address or there is no route. Throws
// DeviceError where the host has none.
std::string address_towards(const std::string& host);

}  // namespace stoker::dist
