#include "stoker/parallel/shard_exchange.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <string>
#include <utility>

#include "stoker/core/error.h"

namespace stoker::parallel {

namespace {

// Units under way at most: one on the wire, one behind it.
constexpr size_t kMostInFlight = 2;

class Arrived : public torch::autograd::PostAccumulateGradHook {
 public:
  Arrived(ShardExchange& exchange, size_t unit, size_t member)
      : exchange_(exchange), unit_(unit), member_(member) {}

  void operator()(const at::Tensor&) override { exchange_.arrive(unit_, member_); }

 private:
  ShardExchange& exchange_;
  size_t unit_, member_;
};

void set_hook(const at::Tensor& parameter, std::unique_ptr<Arrived> hook) {
  torch::autograd::impl::set_post_acc_grad_hooks(parameter, std::move(hook));
}

}  // namespace

ShardExchange::ShardExchange(std::vector<ExchangedUnit> units, ShardExchangeOptions options)
    : units_(std::move(units)), options_(std::move(options)) {
  for (size_t unit = 0; unit < units_.size(); ++unit) {
    const auto& members = units_[unit].unit->members();
    for (size_t i = 0; i < members.size(); ++i)
      set_hook(members[i].parameter, std::make_unique<Arrived>(*this, unit, i));
  }
}

ShardExchange::~ShardExchange() {
  for (const ExchangedUnit& one : units_) {
    for (const FlatUnit::Member& member : one.unit->members()) set_hook(member.parameter, nullptr);
  }
}

void ShardExchange::begin_step(int64_t micro_batches) {
  passes_ = micro_batches;
  sent_ = 0;
  next_ = 0;
}

void ShardExchange::before_micro_batch(bool) {
  if (has_begun_ && next_ < units_.size()) refuse_missing();
  next_ = 0;
  has_begun_ = true;
}

void ShardExchange::arrive(size_t unit, size_t member) {
  units_[unit].gradient->take(member);
  while (next_ < units_.size() && units_[next_].gradient->is_complete()) send_next();
}

void ShardExchange::send_next() {
  receive_down_to(kMostInFlight - 1);
  units_[next_].gradient->send();
  in_flight_.push_back(units_[next_].gradient);
  ++next_;
  ++sent_;
}

void ShardExchange::receive_down_to(size_t in_flight) {
  const Stopwatch watch;
  while (in_flight_.size() > in_flight) {
    UnitGradient* first = in_flight_.front();
    in_flight_.pop_front();
    first->receive();
  }
  wait_s_ += watch.elapsed_s();
}

void ShardExchange::finish(dist::Share share) {
  if (share == dist::Share::kWhole && has_begun_ && next_ < units_.size()) refuse_missing();
  has_begun_ = false;
  const int64_t all = passes_ * static_cast<int64_t>(units_.size());
  while (sent_ < all) {
    next_ %= units_.size();
    send_next();
  }
  receive_down_to(0);
  if (options_.at_end) options_.at_end();
  for (const ExchangedUnit& one : units_) {
    if (share == dist::Share::kWhole) {
      one.gradient->hand_out();
    } else {
      one.gradient->drop();
    }
  }
}

// A network whose backward pass leaves a parameter out would keep all ranks waiting for it.
void ShardExchange::refuse_missing() const {
  std::string missing;
  for (size_t i = next_; i < units_.size(); ++i) {
    for (const std::string& name : units_[i].gradient->missing())
      missing += (missing.empty() ? "" : ", ") + name;
  }
  throw ConfigError(fmt::format(
      "the backward pass gives no gradient to {}: with several ranks all parameters must have "
      "one, or be frozen (model.freeze)",
      missing));
}

}  // namespace stoker::parallel
