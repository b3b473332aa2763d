#include "stoker/dist/store.h"

#include <c10/util/Logging.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "stoker/core/clock.h"
#include "stoker/core/json_text.h"
#include "stoker/launch/slots.h"

namespace stoker::dist {

using launch::host_name;

namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

struct FreeResolved {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

struct Addresses {
  std::unique_ptr<addrinfo, FreeResolved> list;
  int error = 0;
};

// host: none for any address of this one.
Addresses resolve(const char* host, const std::string& service, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host, service.c_str(), &hints, &list);
  return {.list = std::unique_ptr<addrinfo, FreeResolved>(error == 0 ? list : nullptr),
          .error = error};
}

bool is_loopback(const addrinfo& address) {
  if (address.ai_family != AF_INET) return false;
  const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address.ai_addr);
  return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
}

// A socket that listens at the given address and no other, so that the store is not open to all
// networks that the host is on.
int listen_at(const std::string& host, int port) {
  const std::string service = fmt::to_string(port);
  const auto refuse = [&](const char* reason) {
    throw ConfigError(fmt::format(
        "rank 0 cannot serve at {} port {}, where the ranks are to meet: {}. MASTER_ADDR is to be "
        "an address of this host ({}), and MASTER_PORT one that nothing else uses.",
        host, port, reason, host_name()));
  };
  Addresses addresses = resolve(host.c_str(), service, 0);
  // Many hosts give their own name a loopback address, at which no other host finds them.
  const bool is_named = host != "localhost" && !host.starts_with("127.");
  if (addresses.list && is_named && is_loopback(*addresses.list))
    addresses = resolve(nullptr, service, AI_PASSIVE);
  if (!addresses.list) refuse(::gai_strerror(addresses.error));
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses.list.get(); address != nullptr;
       address = address->ai_next) {
    const int socket =
        ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, address->ai_protocol);
    if (socket < 0) continue;
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket, address->ai_addr, address->ai_addrlen) == 0 &&
        ::listen(socket, SOMAXCONN) == 0) {
      return socket;
    }
    reason = errno;
    ::close(socket);
  }
  refuse(std::strerror(reason));
  return -1;
}

std::string to_text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::vector<uint8_t> to_bytes(const std::string& text) { return {text.begin(), text.end()}; }

constexpr const char* kRun = "run";

std::string member_key(int64_t rank) { return fmt::format("member/{}", rank); }

// Where ranks in two containers of one host reach each other by no loopback device.
std::string network_name() {
  std::error_code none;
  return std::filesystem::read_symlink("/proc/self/ns/net", none).string() + host_name();
}

std::string own_json(const std::string& gpu) {
  return json_text(nlohmann::json{{"host", host_name()},
                                  {"network", network_name()},
                                  {"process", ::getpid()},
                                  {"gpu", gpu},
                                  {"cpus", launch::this_machine().cpus}});
}

Member member_of(const std::string& text) {
  const nlohmann::json json = parse_json(text);
  return {.host = json.at("host"),
          .network = json.at("network"),
          .process = json.at("process"),
          .gpu = json.at("gpu"),
          .cpus = json.at("cpus").get<std::vector<int>>()};
}

}  // namespace

std::string name_of(int64_t rank, const std::vector<Member>& members) {
  const Member& member = members[static_cast<size_t>(rank)];
  return fmt::format("rank {} of {} (host {}, process {})", rank, members.size(), member.host,
                     member.process);
}

Store::Store(const launch::Place& place, double timeout_s) : place_(place), timeout_s_(timeout_s) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(place.master_port);
  options.isServer = place.rank == 0 && !place.has_agent;
  options.waitWorkers = false;
  options.timeout = milliseconds(timeout_s);
  if (options.isServer) {
    options.masterListenFd = place.store_descriptor >= 0
                                 ? place.store_descriptor
                                 : listen_at(place.master_address, place.master_port);
  }
  // Our own message says what became of it.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  try {
    // A launcher's store outlives the ranks, and may serve others. Where rank 0 serves, each
    // attempt has a store of its own, and agents that joined late count attempts in another way.
    all_attempts_ = c10::make_intrusive<c10d::PrefixStore>(
        "stoker", c10::make_intrusive<c10d::TCPStore>(place.master_address, options));
    store_ = c10::make_intrusive<c10d::PrefixStore>(
        fmt::format("attempt-{}", place.has_agent ? place.attempt : 0), all_attempts_);
  } catch (const std::exception& error) {
    throw DeviceError(fmt::format(
        "rank {} of {} on {} did not reach rank 0 at {} port {} within {:g} s "
        "(dist.join_timeout_s). Check that rank 0 is running, that the address is one that this "
        "host can reach, and that no firewall is between them.",
        place.rank, place.world, host_name(), place.master_address, place.master_port, timeout_s));
  }
}

std::vector<Member> Store::meet(const std::string& gpu) {
  set(member_key(place_.rank), own_json(gpu));
  const Stopwatch watch;
  std::vector<Member> members(static_cast<size_t>(place_.world));
  std::vector<int64_t> missing;
  for (;;) {
    missing.clear();
    for (int64_t rank = 0; rank < place_.world; ++rank) {
      Member& member = members[static_cast<size_t>(rank)];
      if (!member.host.empty()) continue;
      if (const auto text = find(member_key(rank)))
        member = member_of(*text);
      else
        missing.push_back(rank);
    }
    if (missing.empty()) return members;
    if (watch.elapsed_s() > timeout_s_) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  constexpr size_t kShown = 8;
  std::string names;
  for (size_t i = 0; i < std::min(missing.size(), kShown); ++i)
    names += fmt::format("{}{}", i == 0 ? "" : ", ", missing[i]);
  if (missing.size() > kShown) names += fmt::format(" and {} others", missing.size() - kShown);
  throw DeviceError(fmt::format(
      "rank {} on {} waited {:g} s (dist.join_timeout_s) for rank{} {} of {}, which did not come. "
      "Look for {} own error message, or whether {} was started at all.",
      place_.rank, host_name(), timeout_s_, missing.size() == 1 ? "" : "s", names, place_.world,
      missing.size() == 1 ? "its" : "their", missing.size() == 1 ? "it" : "they"));
}

Store Store::clone() const {
  Store other(*this);
  other.store_ = store_->clone();
  return other;
}

void Store::note_run(const std::string& folder) { all_attempts_->set(kRun, to_bytes(folder)); }

std::optional<std::string> Store::noted_run() const {
  if (!all_attempts_->check({kRun})) return std::nullopt;
  return to_text(all_attempts_->get(kRun));
}

c10::intrusive_ptr<c10d::Store> Store::under(const std::string& name) const {
  return c10::make_intrusive<c10d::PrefixStore>(name, store_);
}

std::optional<std::string> Store::find(const std::string& key) const {
  if (!store_->check({key})) return std::nullopt;
  return to_text(store_->get(key));
}

void Store::set(const std::string& key, const std::string& value) {
  store_->set(key, to_bytes(value));
}

std::string Store::set_once(const std::string& key, const std::string& value) {
  return to_text(store_->compareSet(key, to_bytes(""), to_bytes(value)));
}

}  // namespace stoker::dist
