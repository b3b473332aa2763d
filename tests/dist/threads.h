// Ranks as threads of this process.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "stoker/dist/world.h"

namespace stoker::test {

inline std::mutex checking;  // Catch's checks, and torch's generator, are for one thread

struct Port {
  int socket = -1, number = 0;
};

inline Port listening_port() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  Port port{.socket = ::socket(AF_INET, SOCK_STREAM, 0)};
  ::bind(port.socket, any, size);
  ::listen(port.socket, 64);
  ::getsockname(port.socket, any, &size);
  port.number = ntohs(address.sin_port);
  return port;
}

inline launch::Place place_of(int64_t rank, int64_t world, const Port& port) {
  return {.rank = rank,
          .world = world,
          .local_rank = rank,
          .local_world = world,
          .launcher = "a test",
          .master_address = "127.0.0.1",
          .master_port = port.number,
          .store_descriptor = rank == 0 ? port.socket : -1};
}

// LibTorch's flight recorder, one a process, notes each new group without a lock: groups of several
// threads would crash it.
inline void stop_flight_recorder() {
  for (const char* name : {"TORCH_FR_BUFFER_SIZE", "TORCH_NCCL_TRACE_BUFFER_SIZE"})
    ::setenv(name, "0", /*overwrite=*/0);
}

// Runs `job` as each of the ranks, and throws what the first of them threw that threw anything.
// started: how many of them there are at all.
inline void as_ranks(int64_t world, const std::function<void(dist::Group&)>& job,
                     const dist::DistOptions& options = {}, int64_t started = -1) {
  stop_flight_recorder();
  const Port port = listening_port();
  std::vector<std::exception_ptr> errors(static_cast<size_t>(world));
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < (started < 0 ? world : started); ++rank) {
    threads.emplace_back([&, rank] {
      try {
        const auto group = dist::join(place_of(rank, world, port), options, c10::kCPU, "");
        job(*group);
        group->finish();
      } catch (...) {
        errors[static_cast<size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace stoker::test
