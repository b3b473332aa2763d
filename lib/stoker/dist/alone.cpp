#include "stoker/dist/group.h"
#include "stoker/launch/place.h"

namespace stoker::dist {

namespace {

class NoExchange : public GradientExchange {
 public:
  void before_micro_batch(bool) override {}
  void finish(Share) override {}
  void throw_if_broken() override {}
  double wait_s() const override { return 0; }
};

class Done : public Pending {
 public:
  void wait() override {}
};

class Alone : public Group {
 public:
  explicit Alone(int64_t planned_size = 1) : size_(planned_size) {}
  int64_t rank() const override { return 0; }
  int64_t size() const override { return size_; }
  int64_t local_rank() const override { return 0; }
  int64_t local_size() const override { return 1; }
  void sum(std::span<int64_t>) override {}
  void max(std::span<int64_t>) override {}
  void sum(at::Tensor) override {}
  std::vector<std::string> gather(const std::string& own) override { return {own}; }
  std::vector<std::string> collect(const std::string& own) override { return {own}; }
  std::unique_ptr<Pending> begin_gather(at::Tensor whole, const at::Tensor& own) override {
    whole.narrow(0, 0, own.numel()).copy_(own);
    return std::make_unique<Done>();
  }
  std::unique_ptr<Pending> begin_reduce(at::Tensor own, at::Tensor whole) override {
    own.copy_(whole.narrow(0, 0, own.numel()));
    return std::make_unique<Done>();
  }
  std::unique_ptr<Pending> begin_send(const at::Tensor&, int64_t) override {
    return std::make_unique<Done>();
  }
  void receive(at::Tensor values, int64_t) override { values.zero_(); }
  std::string broadcast(const std::string& firsts) override { return firsts; }
  std::unique_ptr<Group> part(std::span<const int64_t> ranks, std::string_view) override {
    return planned(std::ssize(ranks));
  }
  std::unique_ptr<GradientExchange> exchange(const weights::NamedTensors&) override {
    return std::make_unique<NoExchange>();
  }
  std::string name(int64_t rank) const override {
    return fmt::format("rank {} of {}", rank, size_);
  }
  void note_ending() noexcept override {}
  void note_step(int64_t) noexcept override {}
  void leave(ExitCode, std::string_view) noexcept override {}
  void note_run(const std::string&) override {}
  void finish() override {}
  std::string text() const override {
    return is_alone() ? "" : fmt::format("{} (a plan: none is started)", size_);
  }
  std::vector<std::string> hosts() const override { return {launch::host_name()}; }

 private:
  int64_t size_;
};

}  // namespace

Group& alone() {
  static Alone group;
  return group;
}

std::unique_ptr<Group> planned(int64_t ranks) { return std::make_unique<Alone>(ranks); }

}  // namespace stoker::dist
