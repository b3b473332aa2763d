// All ranks of a training, as one of them sees them. Every rank makes the same calls in the same
// order; each call waits for the others.
//
//   group.sum(counts);                         // over the ranks, in place
//   if (group.is_first()) write(…);
//
// A process that trains alone has the group alone(), so that nobody asks whether there are others.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/dist/gradient_exchange.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::dist {

// Another rank has ended, cannot be reached, or does not answer. Carries that rank's exit code
// where it left one, else kDevice.
class PeerFailed : public Error {
 public:
  PeerFailed(ExitCode code, const std::string& message) : Error(code, message) {}
};

// An exchange under way. It keeps alive what it needs; all of them are waited for.
class Pending {
 public:
  virtual ~Pending() = default;
  virtual void wait() = 0;  // throws PeerFailed
};

class Group {
 public:
  virtual ~Group() = default;

  virtual int64_t rank() const = 0;
  virtual int64_t size() const = 0;
  bool is_first() const { return rank() == 0; }
  bool is_alone() const { return size() == 1; }
  // Among the ranks of this host.
  virtual int64_t local_rank() const = 0;
  virtual int64_t local_size() const = 0;

  // Each of them throws PeerFailed.
  virtual void sum(std::span<int64_t> values) = 0;
  virtual void max(std::span<int64_t> values) = 0;
  // On the CPU or the run's device, contiguous; the same bits on all ranks.
  virtual void sum(at::Tensor values) = 0;
  // What each rank gave, in the order of ranks, on all of them.
  virtual std::vector<std::string> gather(const std::string& own) = 0;
  // The same on the first rank; nothing on the others.
  virtual std::vector<std::string> collect(const std::string& own) = 0;
  // Parts of one size and type, one after another in the order of ranks: whole has size() times as
  // many values as own. On the run's device.
  virtual std::unique_ptr<Pending> begin_gather(at::Tensor whole, const at::Tensor& own) = 0;
  void gather_parts(at::Tensor whole, const at::Tensor& own) {
    begin_gather(std::move(whole), own)->wait();
  }
  // The inverse: own becomes this rank's part of the sums of whole over the ranks. whole is spoilt.
  virtual std::unique_ptr<Pending> begin_reduce(at::Tensor own, at::Tensor whole) = 0;
  // From one rank of the group to another. What goes between two arrives in the order in which it
  // was sent; the receiver knows its sizes and type. Contiguous; on the CPU or the run's device.
  virtual std::unique_ptr<Pending> begin_send(const at::Tensor& values, int64_t to) = 0;
  virtual void receive(at::Tensor values, int64_t from) = 0;
  // What the first rank gave, on all of them.
  virtual std::string broadcast(const std::string& firsts) = 0;

  // A group of some of these ranks, this one among them, in ascending order. All ranks of this
  // group make parts of one name at the same time, each the one that it is in; groups of one name
  // have no rank in common. This group must outlive it.
  virtual std::unique_ptr<Group> part(std::span<const int64_t> ranks, std::string_view name) = 0;

  // Of these parameters, in an order that is the same on all ranks. They must outlive it.
  virtual std::unique_ptr<GradientExchange> exchange(const weights::NamedTensors& parameters) = 0;

  // For messages: "rank 2 of 4 (host a1, process 4711)".
  virtual std::string name(int64_t rank) const = 0;

  // All have agreed to stop, or are done, and what is left is to save: dist.grace_s has been kept.
  virtual void note_ending() noexcept = 0;
  // What is reported to the others where this rank stands still, or ends by an error. Never throws.
  virtual void note_step(int64_t step) noexcept = 0;
  virtual void leave(ExitCode code, std::string_view why) noexcept = 0;
  // Of the first rank: where the run is kept, for the next attempt of a launcher that restarts all.
  virtual void note_run(const std::string& folder) = 0;
  // At the end of a training, so that no rank misses another. Throws PeerFailed.
  virtual void finish() = 0;

  // "2 ranks on 1 host (torchrun), gradients by gloo over 127.0.0.1"; "" where there is one rank.
  virtual std::string text() const = 0;
  virtual std::vector<std::string> hosts() const = 0;  // distinct
};

Group& alone();
// The first of so many ranks, of which there are no others: for plans. What it exchanges comes back
// as it was.
std::unique_ptr<Group> planned(int64_t ranks);

}  // namespace stoker::dist
