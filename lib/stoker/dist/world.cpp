#include "stoker/dist/world.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <sched.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "stoker/core/units.h"
#include "stoker/dist/channel.h"
#include "stoker/dist/presence.h"
#include "stoker/dist/reducer.h"
#include "stoker/dist/route.h"
#include "stoker/dist/store.h"
#include "stoker/launch/slots.h"

namespace stoker::dist {

namespace {

bool share_a_gpu(const std::vector<Member>& members) {
  std::set<std::string> gpus;
  return !std::ranges::all_of(members, [&](const Member& member) {
    return gpus.insert(member.host + " " + member.gpu).second;
  });
}

bool uses_nccl(const DistOptions& options, c10::Device device, const std::vector<Member>& members) {
  if (options.backend == Backend::kNccl && device.is_cpu()) {
    throw ConfigError(
        "dist.backend: nccl carries gradients between GPUs, but this rank trains on the CPU: "
        "expected gloo or auto");
  }
  if (device.is_cpu() || options.backend == Backend::kGloo) return false;
  const bool shares = share_a_gpu(members);
  if (shares && options.backend == Backend::kNccl) {
    throw ConfigError(
        "dist.backend: nccl wants a GPU for each rank, and some ranks share one: expected gloo or "
        "auto, or fewer ranks");
  }
  return !shares;
}

// Where the ranks of a host all may run on the same processors, each keeps its share of them.
void keep_share_of_cpus(const launch::Place& place, const std::vector<Member>& members) {
  std::vector<size_t> same;  // ranks with this one's processors, this one among them
  const Member& own = members[static_cast<size_t>(place.rank)];
  for (size_t rank = 0; rank < members.size(); ++rank) {
    const Member& other = members[rank];
    if (other.host == own.host && other.network == own.network && other.cpus == own.cpus)
      same.push_back(rank);
  }
  const auto index =
      static_cast<size_t>(std::ranges::find(same, static_cast<size_t>(place.rank)) - same.begin());
  const std::vector<launch::Slot> slots = launch::divide(
      {.cpus = launch::by_topology(own.cpus), .devices = {}}, static_cast<int>(same.size()));
  std::vector<int> cpus = slots[index].cpus;
  if (cpus.empty() && same.size() > 1 && !own.cpus.empty())
    cpus = {own.cpus[index % own.cpus.size()]};  // fewer than ranks
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(static_cast<size_t>(cpu), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

class World : public Group {
 public:
  World(const launch::Place& place, const DistOptions& options, c10::Device device,
        const std::string& gpu)
      : place_(place),
        options_(options),
        device_(device),
        store_(place, options.join_timeout_s),
        presence_(store_, place.rank, store_.meet(gpu), options.grace_s),
        is_nccl_(uses_nccl(options, device, presence_.members())) {
    keep_share_of_cpus(place, presence_.members());
    const bool is_one_network = networks().size() == 1;
    address_ = is_one_network ? "127.0.0.1" : address_towards(place.master_address);
    const ChannelOptions on_host{
        .address = address_, .interface = options.interface, .timeout_s = options.timeout_s};
    ChannelOptions on_device = on_host;
    on_device.is_nccl = is_nccl_;
    on_device.device = device;
    try {
      control_ = std::make_unique<Channel>(store_.under("control"), place.rank, presence_, on_host);
      data_ = std::make_unique<Channel>(store_.under("data"), place.rank, presence_, on_device);
    } catch (const Error& error) {
      World::leave(error.exit_code(), error.what());  // the others may still wait for this rank
      throw;
    }
  }

  int64_t rank() const override { return place_.rank; }
  int64_t size() const override { return place_.world; }
  int64_t local_rank() const override { return place_.local_rank; }
  int64_t local_size() const override { return place_.local_world; }

  void sum(std::span<int64_t> values) override { control_->sum(tensor_of(values)); }
  void max(std::span<int64_t> values) override { control_->max(tensor_of(values)); }
  void sum(at::Tensor values) override {
    (values.device() == device_ ? *data_ : *control_).sum(std::move(values));
  }

  std::vector<std::string> gather(const std::string& own) override {
    return texts_of(own, [&](const at::Tensor& padded) { return control_->gather(padded); });
  }
  std::vector<std::string> collect(const std::string& own) override {
    return texts_of(own, [&](const at::Tensor& padded) { return control_->collect(padded); });
  }
  std::unique_ptr<Pending> begin_gather(at::Tensor whole, const at::Tensor& own) override {
    return data_->begin_gather(std::move(whole), own);
  }
  std::unique_ptr<Pending> begin_reduce(at::Tensor own, at::Tensor whole) override {
    return data_->begin_reduce(std::move(own), std::move(whole));
  }

  std::string broadcast(const std::string& firsts) override {
    int64_t size = is_first() ? std::ssize(firsts) : 0;
    sum(std::span<int64_t>(&size, 1));
    std::string text = is_first() ? firsts : std::string(static_cast<size_t>(size), '\0');
    if (size > 0) control_->broadcast(at::from_blob(text.data(), {size}, at::kByte));
    return text;
  }

  std::unique_ptr<GradientExchange> exchange(const weights::NamedTensors& parameters) override {
    return make_exchange(*data_, parameters,
                         {.bucket_bytes = static_cast<int64_t>(options_.bucket_mib * kMib),
                          .compress = options_.compress});
  }

  std::string name(int64_t rank) const override { return name_of(rank, presence_.members()); }

  void note_ending() noexcept override { presence_.note_ending(); }
  void note_step(int64_t step) noexcept override { presence_.note_step(step); }

  // Closing the connections wakes those who wait for this rank; the store stays for them to read.
  void leave(ExitCode code, std::string_view why) noexcept override {
    presence_.leave(code, why);
    data_.reset();
    control_.reset();
    if (place_.rank == 0 && !place_.has_agent) presence_.wait_for_others();
  }

  void note_run(const std::string& folder) override {
    if (place_.has_agent) store_.note_run(folder);
  }

  void finish() override {
    if (!control_) return;  // it has left
    int64_t none = 0;
    sum(std::span<int64_t>(&none, 1));
    presence_.leave_in_peace();
    if (place_.rank == 0 && !place_.has_agent) presence_.wait_for_others();
  }

  std::string text() const override {
    const size_t hosts_count = hosts().size();
    return fmt::format(
        "{} on {} host{}, started by {}; gradients go by {}{}", size(), hosts_count,
        hosts_count == 1 ? "" : "s", place_.launcher, is_nccl_ ? "NCCL" : "Gloo",
        is_nccl_ ? "" : " over " + (options_.interface.empty() ? address_ : options_.interface));
  }

  std::vector<std::string> hosts() const override {
    std::set<std::string> names;
    for (const Member& member : presence_.members()) names.insert(member.host);
    return {names.begin(), names.end()};
  }

 private:
  static at::Tensor tensor_of(std::span<int64_t> values) {
    return at::from_blob(values.data(), {std::ssize(values)}, at::kLong);
  }

  // Texts of any length, through what exchanges tensors of one.
  template <class Exchange>
  std::vector<std::string> texts_of(const std::string& own, Exchange&& exchange) {
    std::vector<int64_t> sizes(static_cast<size_t>(size()));
    sizes[static_cast<size_t>(rank())] = std::ssize(own);
    sum(std::span<int64_t>(sizes));
    const at::Tensor padded = at::zeros({std::max<int64_t>(std::ranges::max(sizes), 1)}, at::kByte);
    std::memcpy(padded.mutable_data_ptr(), own.data(), own.size());
    std::vector<std::string> texts;
    for (const at::Tensor& bytes : exchange(padded)) {
      texts.emplace_back(static_cast<const char*>(bytes.const_data_ptr()),
                         static_cast<size_t>(sizes[texts.size()]));
    }
    return texts;
  }

  std::set<std::string> networks() const {
    std::set<std::string> names;
    for (const Member& member : presence_.members()) names.insert(member.network);
    return names;
  }

  launch::Place place_;
  DistOptions options_;
  c10::Device device_;
  Store store_;
  Presence presence_;
  bool is_nccl_;
  std::string address_;
  // Of small things that all agree on, and of gradients, so that neither waits for the other.
  std::unique_ptr<Channel> control_, data_;
};

}  // namespace

std::optional<std::string> run_of_earlier_attempt(const launch::Place& place,
                                                  const DistOptions& options) {
  if (!place.has_agent || place.attempt == 0) return std::nullopt;
  return Store(place, options.join_timeout_s).noted_run();
}

std::unique_ptr<Group> join(const launch::Place& place, const DistOptions& options,
                            c10::Device device, const std::string& gpu) {
  return std::make_unique<World>(place, options, device, gpu);
}

}  // namespace stoker::dist
