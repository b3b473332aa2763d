// This rank's part of the gradients of a unit: summed over the ranks and the micro-batches of a
// step. Whole gradients live from the parameter's backward pass until the unit has all of them.
//
//   gradient.take(member);               // of each member, once a backward pass
//   if (gradient.is_complete()) gradient.send();
//   gradient.receive();                  // waits, and adds it to the part's
//   gradient.hand_out();                 // at the end of the step
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "stoker/parallel/flat_unit.h"

namespace stoker::parallel {

class UnitGradient {
 public:
  // travels: the type in which gradients go. Both must outlive it.
  UnitGradient(dist::Group& group, const FlatUnit& unit, c10::ScalarType travels)
      : group_(group), unit_(unit), travels_(travels) {}

  // Moves the member's gradient out of its parameter.
  void take(size_t member);
  bool is_complete() const { return taken_.size() == unit_.members().size(); }
  std::vector<std::string> missing() const;  // names of members that were not taken
  // With zeros for what was not taken. All ranks send the same units in the same order.
  void send();
  void receive();

  void hand_out();  // to the parts
  void drop() { sum_ = at::Tensor(); }

 private:
  at::Tensor flat(int64_t values) const;

  dist::Group& group_;
  const FlatUnit& unit_;
  c10::ScalarType travels_;
  std::set<size_t> taken_;
  at::Tensor whole_;  // of the backward pass under way, until it is sent
  at::Tensor own_;    // being received
  at::Tensor sum_;
  std::unique_ptr<dist::Pending> sending_;
};

}  // namespace stoker::parallel
