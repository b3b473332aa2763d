// A group whose ranks exchange through channels: all of a training (world.cpp), or a part of them.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stoker/dist/channel.h"
#include "stoker/dist/group.h"
#include "stoker/dist/options.h"

namespace stoker::dist {

// Of small things that all agree on, and of gradients, so that neither waits for the other.
struct Channels {
  std::unique_ptr<Channel> control, data;

  void close() {
    data.reset();
    control.reset();
  }
};

class ChannelGroup : public Group {
 public:
  // channels: may get their contents later, or be closed by others.
  ChannelGroup(std::shared_ptr<Channels> channels, DistOptions options, c10::Device device)
      : options_(std::move(options)), device_(device), channels_(std::move(channels)) {}

  void sum(std::span<int64_t> values) override;
  void max(std::span<int64_t> values) override;
  void sum(at::Tensor values) override { channel_for(values).sum(std::move(values)); }
  std::vector<std::string> gather(const std::string& own) override;
  std::vector<std::string> collect(const std::string& own) override;
  std::unique_ptr<Pending> begin_gather(at::Tensor whole, const at::Tensor& own) override {
    return data().begin_gather(std::move(whole), own);
  }
  std::unique_ptr<Pending> begin_reduce(at::Tensor own, at::Tensor whole) override {
    return data().begin_reduce(std::move(own), std::move(whole));
  }
  std::unique_ptr<Pending> begin_send(const at::Tensor& values, int64_t to) override {
    return channel_for(values).begin_send(values, to);
  }
  void receive(at::Tensor values, int64_t from) override {
    channel_for(values).receive(std::move(values), from);
  }
  std::string broadcast(const std::string& firsts) override;
  std::unique_ptr<GradientExchange> exchange(const weights::NamedTensors& parameters) override;

 protected:
  const DistOptions& options() const { return options_; }
  c10::Device device() const { return device_; }
  Channel& control() { return *channels_->control; }
  Channel& data() { return *channels_->data; }

 private:
  Channel& channel_for(const at::Tensor& values) {
    return values.device() == device_ ? data() : control();
  }
  // Texts of any length, through what exchanges tensors of one.
  std::vector<std::string> texts_of(
      const std::string& own,
      const std::function<std::vector<at::Tensor>(const at::Tensor&)>& exchange);

  DistOptions options_;
  c10::Device device_;
  std::shared_ptr<Channels> channels_;
};

}  // namespace stoker::dist
