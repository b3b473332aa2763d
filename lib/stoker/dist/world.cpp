#include "stoker/dist/world.h"

#include <sched.h>

#include <algorithm>
#include <set>
#include <utility>

#include "stoker/dist/channel.h"
#include "stoker/dist/channel_group.h"
#include "stoker/dist/presence.h"
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

// Some of the ranks.
class Part : public ChannelGroup {
 public:
  // ranks: of `whole`, this one the index-th of them.
  Part(Group& whole, std::vector<int64_t> ranks, int64_t index, std::shared_ptr<Channels> channels,
       const DistOptions& options, c10::Device device)
      : ChannelGroup(std::move(channels), options, device),
        whole_(whole),
        ranks_(std::move(ranks)),
        index_(index) {}

  int64_t rank() const override { return index_; }
  int64_t size() const override { return std::ssize(ranks_); }
  int64_t local_rank() const override { return whole_.local_rank(); }
  int64_t local_size() const override { return whole_.local_size(); }
  std::unique_ptr<Group> part(std::span<const int64_t> ranks, std::string_view name) override {
    std::vector<int64_t> of_whole;
    for (const int64_t rank : ranks) of_whole.push_back(ranks_[static_cast<size_t>(rank)]);
    return whole_.part(of_whole, name);
  }
  std::string name(int64_t rank) const override {
    return whole_.name(ranks_[static_cast<size_t>(rank)]);
  }
  // What the whole group is told.
  void note_ending() noexcept override {}
  void note_step(int64_t) noexcept override {}
  void leave(ExitCode, std::string_view) noexcept override {}
  void note_run(const std::string&) override {}
  void finish() override {}
  std::string text() const override { return whole_.text(); }
  std::vector<std::string> hosts() const override { return whole_.hosts(); }

 private:
  Group& whole_;
  std::vector<int64_t> ranks_;
  int64_t index_;
};

class World : public ChannelGroup {
 public:
  World(const launch::Place& place, const DistOptions& dist_options, c10::Device on,
        const std::string& gpu)
      : World(std::make_shared<Channels>(), place, dist_options, on, gpu) {}
  ~World() override { close(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int64_t rank() const override { return place_.rank; }
  int64_t size() const override { return place_.world; }
  int64_t local_rank() const override { return place_.local_rank; }
  int64_t local_size() const override { return place_.local_world; }

  std::unique_ptr<Group> part(std::span<const int64_t> ranks, std::string_view name) override {
    const auto own = std::ranges::find(ranks, rank());
    STOKER_CHECK(own != ranks.end(), "rank {} is none of the part {}", rank(), name);
    const int64_t index = own - ranks.begin();
    auto channels = std::make_shared<Channels>();
    connect(*channels, fmt::format("part {} {}/{}/", parts_.size(), name, ranks.front()), index,
            std::ssize(ranks));
    parts_.push_back(channels);
    return std::make_unique<Part>(*this, std::vector<int64_t>(ranks.begin(), ranks.end()), index,
                                  std::move(channels), options(), device());
  }

  std::string name(int64_t rank) const override { return name_of(rank, presence_.members()); }

  void note_ending() noexcept override { presence_.note_ending(); }
  void note_step(int64_t step) noexcept override { presence_.note_step(step); }

  // Closing the connections wakes those who wait for this rank; the store stays for them to read.
  void leave(ExitCode code, std::string_view why) noexcept override {
    presence_.leave(code, why);
    close();
    if (place_.rank == 0 && !place_.has_agent) presence_.wait_for_others();
  }

  void note_run(const std::string& folder) override {
    if (place_.has_agent) store_.note_run(folder);
  }

  void finish() override {
    if (!channels_->control) return;  // it has left
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
        is_nccl_ ? "" : " over " + (options().interface.empty() ? address_ : options().interface));
  }

  std::vector<std::string> hosts() const override {
    std::set<std::string> names;
    for (const Member& member : presence_.members()) names.insert(member.host);
    return {names.begin(), names.end()};
  }

 private:
  World(std::shared_ptr<Channels> channels, const launch::Place& place,
        const DistOptions& dist_options, c10::Device on, const std::string& gpu)
      : ChannelGroup(channels, dist_options, on),
        place_(place),
        store_(place, dist_options.join_timeout_s),
        presence_(store_, place.rank, store_.meet(gpu), dist_options.grace_s),
        is_nccl_(uses_nccl(dist_options, on, presence_.members())),
        channels_(std::move(channels)) {
    keep_share_of_cpus(place, presence_.members());
    const bool is_one_network = networks().size() == 1;
    address_ = is_one_network ? "127.0.0.1" : address_towards(place.master_address);
    try {
      connect(*channels_, "", place.rank, place.world);
    } catch (const Error& error) {
      World::leave(error.exit_code(), error.what());  // the others may still wait for this rank
      throw;
    }
  }

  // While the store that they met in is there.
  void close() noexcept {
    for (const auto& part : parts_) part->close();
    channels_->close();
  }

  // Of `size` ranks with the same name, which is a prefix of what they have in the store.
  void connect(Channels& channels, const std::string& name, int64_t index, int64_t size) {
    const ChannelOptions on_host{
        .address = address_, .interface = options().interface, .timeout_s = options().timeout_s};
    ChannelOptions on_device = on_host;
    on_device.is_nccl = is_nccl_;
    on_device.device = device();
    channels.control =
        std::make_unique<Channel>(store_.under(name + "control"), index, size, presence_, on_host);
    channels.data =
        std::make_unique<Channel>(store_.under(name + "data"), index, size, presence_, on_device);
  }

  std::set<std::string> networks() const {
    std::set<std::string> names;
    for (const Member& member : presence_.members()) names.insert(member.network);
    return names;
  }

  launch::Place place_;
  Store store_;
  Presence presence_;
  bool is_nccl_;
  std::string address_;
  std::shared_ptr<Channels> channels_;
  std::vector<std::shared_ptr<Channels>> parts_;  // open until all ranks have finished
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
