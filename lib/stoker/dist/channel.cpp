#include "stoker/dist/channel.h"

#include <ATen/ops/empty_like.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#if STOKER_HAS_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <chrono>
#include <functional>
#include <utility>

namespace stoker::dist {

namespace {

using Gloo = c10d::ProcessGroupGloo;

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

c10::intrusive_ptr<c10d::Backend> make_gloo(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                            int size, const ChannelOptions& options) {
  auto gloo = Gloo::Options::create(milliseconds(options.timeout_s));
  gloo->devices.push_back(options.interface.empty()
                              ? Gloo::createDeviceForHostname(options.address)
                              : Gloo::createDeviceForInterface(options.interface));
  return c10::make_intrusive<Gloo>(store, rank, size, gloo);
}

c10::intrusive_ptr<c10d::Backend> make_nccl(
    [[maybe_unused]] const c10::intrusive_ptr<c10d::Store>& store, [[maybe_unused]] int rank,
    [[maybe_unused]] int size, [[maybe_unused]] const ChannelOptions& options) {
#if STOKER_HAS_NCCL
  auto nccl = c10d::ProcessGroupNCCL::Options::create();
  nccl->timeout = milliseconds(options.timeout_s);
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, nccl);
#else
  throw DeviceError("dist.backend: nccl was asked for, but this stoker was built without NCCL");
#endif
}

// What LibTorch's Work is, with errors as PeerFailed.
class PendingWork : public Pending {
 public:
  explicit PendingWork(Channel& channel) : channel_(channel) {}

  void hold(c10::intrusive_ptr<c10d::Work> work, std::vector<at::Tensor> tensors,
            std::function<void()> end = nullptr) {
    work_ = std::move(work);
    tensors_ = std::move(tensors);
    end_ = std::move(end);
  }
  void wait() override {
    channel_.run([&] { work_->wait(); });
    if (end_) end_();
    end_ = nullptr;
    tensors_.clear();
  }

 private:
  Channel& channel_;
  c10::intrusive_ptr<c10d::Work> work_;
  std::vector<at::Tensor> tensors_;
  std::function<void()> end_;
};

}  // namespace

Channel::Channel(c10::intrusive_ptr<c10d::Store> store, int64_t rank, int64_t ranks,
                 Presence& presence, const ChannelOptions& options)
    : presence_(&presence), is_nccl_(options.is_nccl) {
  const auto number = static_cast<int>(rank), size = static_cast<int>(ranks);
  run([&] {
    group_ = c10::make_intrusive<c10d::ProcessGroup>(store, number, size);
    const auto type = options.is_nccl ? c10d::ProcessGroup::BackendType::NCCL
                                      : c10d::ProcessGroup::BackendType::GLOO;
    const auto backend = options.is_nccl ? make_nccl(store, number, size, options)
                                         : make_gloo(store, number, size, options);
    group_->setBackend(options.device.type(), type, backend);
    // What Gloo sends from one rank to another lies in host memory.
    if (!options.is_nccl) group_->setBackend(c10::kCPU, type, backend);
    group_->setDefaultBackend(type);
  });
}

void Channel::sum(at::Tensor values) {
  run([&] {
    std::vector<at::Tensor> tensors{values};
    group_->allreduce(tensors)->wait();
  });
}

void Channel::max(at::Tensor values) {
  run([&] {
    std::vector<at::Tensor> tensors{values};
    group_->allreduce(tensors, {.reduceOp = c10d::ReduceOp::MAX})->wait();
  });
}

void Channel::broadcast(at::Tensor values) {
  run([&] {
    std::vector<at::Tensor> tensors{values};
    group_->broadcast(tensors)->wait();
  });
}

std::vector<at::Tensor> Channel::gather(const at::Tensor& own) {
  std::vector<std::vector<at::Tensor>> all(1);
  for (int rank = 0; rank < group_->getSize(); ++rank) all[0].push_back(at::empty_like(own));
  run([&] {
    std::vector<at::Tensor> inputs{own};
    group_->allgather(all, inputs)->wait();
  });
  return std::move(all[0]);
}

std::vector<at::Tensor> Channel::collect(const at::Tensor& own) {
  std::vector<std::vector<at::Tensor>> all;
  if (group_->getRank() == 0) {
    all.emplace_back();
    for (int rank = 0; rank < group_->getSize(); ++rank) all[0].push_back(at::empty_like(own));
  }
  run([&] {
    std::vector<at::Tensor> inputs{own};
    group_->gather(all, inputs)->wait();
  });
  return all.empty() ? std::vector<at::Tensor>() : std::move(all[0]);
}

std::unique_ptr<Pending> Channel::begin_gather(at::Tensor whole, const at::Tensor& own) {
  auto pending = std::make_unique<PendingWork>(*this);
  run([&] {
    at::Tensor part = own;
    pending->hold(group_->_allgather_base(whole, part), {whole, own});
  });
  return pending;
}

// LibTorch makes Gloo's reduce-scatter by an all-reduce of a copy: the sum is made in place here,
// and the own part taken out of it.
std::unique_ptr<Pending> Channel::begin_reduce(at::Tensor own, at::Tensor whole) {
  auto pending = std::make_unique<PendingWork>(*this);
  run([&] {
    if (is_nccl_) {
      pending->hold(group_->_reduce_scatter_base(own, whole), {own, whole});
      return;
    }
    std::vector<at::Tensor> tensors{whole};
    const at::Tensor part = whole.narrow(0, group_->getRank() * own.numel(), own.numel());
    pending->hold(group_->allreduce(tensors), {own, whole}, [own, part] { own.copy_(part); });
  });
  return pending;
}

// Gloo sends from host memory alone.
std::unique_ptr<Pending> Channel::begin_send(const at::Tensor& values, int64_t to) {
  auto pending = std::make_unique<PendingWork>(*this);
  run([&] {
    std::vector<at::Tensor> tensors{is_nccl_ ? values : values.cpu()};
    pending->hold(group_->send(tensors, static_cast<int>(to), sent_[to]++), tensors);
  });
  return pending;
}

void Channel::receive(at::Tensor values, int64_t from) {
  run([&] {
    std::vector<at::Tensor> tensors{is_nccl_ || values.is_cpu() ? values
                                                                : at::empty_like(values, at::kCPU)};
    group_->recv(tensors, static_cast<int>(from), received_[from]++)->wait();
    if (!tensors.front().is_alias_of(values)) values.copy_(tensors.front());
  });
}

// Without the place in the library's own source, "[/…/pair.cc:538] ".
std::string Channel::first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (const size_t end = line.find("] "); line.starts_with("[/") && end != std::string::npos)
    line.erase(0, end + 2);
  return line;
}

}  // namespace stoker::dist
