// The collectives of one process group of LibTorch, with its errors as PeerFailed.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stoker/dist/group.h"
#include "stoker/dist/options.h"
#include "stoker/dist/presence.h"

namespace stoker::dist {

// What a process group is made of.
struct ChannelOptions {
  bool is_nccl = false;
  c10::Device device{c10::kCPU};
  std::string address;    // of this host, for Gloo
  std::string interface;  // in its place
  double timeout_s = 600;
};

class Channel {
 public:
  // Of `size` ranks, which make their channels in the same order. presence must outlive it.
  Channel(c10::intrusive_ptr<c10d::Store> store, int64_t rank, int64_t size, Presence& presence,
          const ChannelOptions& options);

  // In place, over its ranks; throws PeerFailed.
  void sum(at::Tensor values);
  void max(at::Tensor values);
  void broadcast(at::Tensor values);                       // the first rank's
  std::vector<at::Tensor> gather(const at::Tensor& own);   // of one shape
  std::vector<at::Tensor> collect(const at::Tensor& own);  // the same, on the first rank alone

  // As Group has them. The channel must outlive what is under way.
  std::unique_ptr<Pending> begin_gather(at::Tensor whole, const at::Tensor& own);
  std::unique_ptr<Pending> begin_reduce(at::Tensor own, at::Tensor whole);
  std::unique_ptr<Pending> begin_send(const at::Tensor& values, int64_t to);
  void receive(at::Tensor values, int64_t from);

  // Runs what exchanges by itself, and turns its errors into PeerFailed.
  template <class Work>
  void run(Work&& work) {
    try {
      work();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw presence_->explain(first_line(error.what()));
    }
  }

  const c10::intrusive_ptr<c10d::ProcessGroup>& group() const { return group_; }

 private:
  static std::string first_line(const std::string& text);

  Presence* presence_;
  bool is_nccl_;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::map<int64_t, int> sent_, received_;  // by rank: what each tensor between two is known by
};

}  // namespace stoker::dist
