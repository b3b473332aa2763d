// Gradients of each backward pass, unit by unit to the ranks that have its parts, while the pass
// goes on.
//
// Units leave in one order on all ranks. A rank that has fewer passes, or that fails, sends zeros
// in the place of what it lacks.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "stoker/core/clock.h"
#include "stoker/dist/gradient_exchange.h"
#include "stoker/parallel/flat_unit.h"
#include "stoker/parallel/unit_gradient.h"

namespace stoker::parallel {

// A unit and its gradients.
struct ExchangedUnit {
  const FlatUnit* unit = nullptr;
  UnitGradient* gradient = nullptr;
};

struct ShardExchangeOptions {
  bool waits_within_pass = false;
  std::function<void()> at_end = nullptr;  // of each step, before gradients are handed out
};

class ShardExchange : public dist::GradientExchange {
 public:
  // units: in the order in which backward passes complete them; they must outlive it.
  ShardExchange(std::vector<ExchangedUnit> units, ShardExchangeOptions options);
  ~ShardExchange() override;
  ShardExchange(const ShardExchange&) = delete;
  ShardExchange& operator=(const ShardExchange&) = delete;

  void begin_step(int64_t micro_batches) override;
  void before_micro_batch(bool is_last) override;
  bool is_always_overlapped() const override { return true; }
  bool waits_within_pass() const override { return options_.waits_within_pass; }
  void finish(dist::Share share) override;
  void throw_if_broken() override {}  // what a pass waits for throws by itself
  double wait_s() const override { return wait_s_; }

  // A member's gradient is there.
  void arrive(size_t unit, size_t member);

 private:
  void send_next();
  void receive_down_to(size_t in_flight);
  void refuse_missing() const;

  std::vector<ExchangedUnit> units_;
  ShardExchangeOptions options_;
  std::deque<UnitGradient*> in_flight_;
  size_t next_ = 0;   // unit of the backward pass under way
  int64_t sent_ = 0;  // units of this step
  int64_t passes_ = 0;
  bool has_begun_ = false;  // a pass of which no unit may be missing
  double wait_s_ = 0;
};

}  // namespace stoker::parallel
