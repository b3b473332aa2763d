#include "stoker/dist/route.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"

namespace stoker::dist {

namespace {

std::string numeric(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return "";
  return text.data();
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
  void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

// Connecting a datagram socket sends nothing, and lets the system choose the address.
std::string address_by_route(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), "9", &hints, &list) != 0) return "";
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  for (const addrinfo* to = list; to != nullptr; to = to->ai_next) {
    const Descriptor socket(::socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (socket.get() < 0 || ::connect(socket.get(), to->ai_addr, to->ai_addrlen) != 0) continue;
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0)
      return numeric(reinterpret_cast<sockaddr*>(&own), size);
  }
  return "";
}

std::string first_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return "";
  const std::unique_ptr<ifaddrs, FreeAddresses> interfaces(list);
  std::string v6;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    const bool is_usable = one->ifa_addr != nullptr && (one->ifa_flags & IFF_UP) != 0 &&
                           (one->ifa_flags & IFF_LOOPBACK) == 0;
    if (!is_usable) continue;
    if (one->ifa_addr->sa_family == AF_INET) return numeric(one->ifa_addr, sizeof(sockaddr_in));
    if (one->ifa_addr->sa_family == AF_INET6 && v6.empty())
      v6 = numeric(one->ifa_addr, sizeof(sockaddr_in6));
  }
  return v6;
}

}  // namespace

std::string address_towards(const std::string& host) {
  std::string address = address_by_route(host);
  if (address.empty() || is_loopback(address)) address = first_address();
  if (!address.empty()) return address;
  throw DeviceError(fmt::format(
      "this host has no address but the loopback device's, at which the ranks of other hosts "
      "cannot reach it (looked for one on the way to {}); dist.interface names an interface",
      host));
}

}  // namespace stoker::dist
