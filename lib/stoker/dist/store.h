// The store in which the ranks of a training find each other, and tell each other why they end.
//
//   Store store(place, /*timeout_s=*/120);
//   store.meet();                 // returns when all ranks are there
//
// Every rank is a client; rank 0, or the launcher's agent, serves. For any thread.
#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/launch/place.h"

namespace stoker::dist {

// A rank as the others know it.
struct Member {
  std::string host;
  std::string network;  // that of the host: the same where the loopback device joins two ranks
  int64_t process = 0;
  std::string gpu;        // "" for the CPU
  std::vector<int> cpus;  // that it may run on
};
// "rank 2 of 4 (host a1, process 4711)"
std::string name_of(int64_t rank, const std::vector<Member>& members);

class Store {
 public:
  // Connects. Throws DeviceError, with the address and how long it was tried, and ConfigError where
  // rank 0 cannot serve there.
  Store(const launch::Place& place, double timeout_s);
  Store(Store&&) = default;

  // Waits for all ranks. Throws DeviceError that names those that did not come.
  std::vector<Member> meet(const std::string& gpu = "");

  // What a launcher's store keeps over its restarts of all ranks: the folder of the run.
  void note_run(const std::string& folder);
  std::optional<std::string> noted_run() const;

  // For process groups: keys of theirs, under a name of their own.
  c10::intrusive_ptr<c10d::Store> under(const std::string& name) const;

  // With a connection of its own, so that no call waits for one of another thread.
  Store clone() const;

  std::optional<std::string> find(const std::string& key) const;  // does not wait
  void set(const std::string& key, const std::string& value);
  // Returns what is there afterwards: of several callers the first is heard.
  std::string set_once(const std::string& key, const std::string& value);

 private:
  Store(const Store&) = default;

  launch::Place place_;
  double timeout_s_;
  c10::intrusive_ptr<c10d::Store> all_attempts_, store_;  // store_: of this attempt
};

}  // namespace stoker::dist
