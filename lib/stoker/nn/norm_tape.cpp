#include "stoker/nn/norm_tape.h"

#include <utility>

#include "stoker/core/error.h"

namespace stoker::nn {

namespace {
thread_local NormTape::Scope* current = nullptr;
}  // namespace

NormTape::Scope::Scope(NormTape& tape, Use use)
    : tape_(tape), use_(use), outer_(std::exchange(current, this)) {
  tape.next_ = 0;
  if (use == Use::kRecord) tape.found_.clear();
}

NormTape::Scope::~Scope() { current = outer_; }

at::Tensor NormTape::found(const std::function<at::Tensor()>& measure) {
  return found_in(current, measure);
}

at::Tensor NormTape::found_in(Scope* scope, const std::function<at::Tensor()>& measure) {
  if (scope == nullptr) return measure();
  if (scope->use_ == Use::kRepeat) return scope->tape_.next();
  at::Tensor values = found_in(scope->outer_, measure);
  scope->tape_.found_.push_back(values);
  return values;
}

bool NormTape::repeats() {
  for (const Scope* scope = current; scope != nullptr; scope = scope->outer_) {
    if (scope->use_ == Use::kRepeat) return true;
  }
  return false;
}

bool NormTape::records() { return current != nullptr && !repeats(); }

at::Tensor NormTape::next() {
  STOKER_CHECK(next_ < found_.size(), "norm {} of {}", next_, found_.size());
  return found_[next_++];
}

}  // namespace stoker::nn
