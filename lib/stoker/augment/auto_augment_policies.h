// The policies that AutoAugment found, by data set: pairs of operations in a row, each with its
// probability and its magnitude out of 10 (Cubuk et al., "AutoAugment: Learning Augmentation
// Strategies from Data", CVPR 2019, appendix; 25 pairs each).
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "stoker/augment/policy.h"

namespace stoker::augment {

enum class AutoAugmentPolicy { kImageNet, kCifar10, kSvhn };
std::span<const std::string_view> enum_names(AutoAugmentPolicy);  // imagenet, cifar10, svhn

struct PolicyStep {
  PolicyOp op = PolicyOp::kIdentity;
  float probability = 0;
  int8_t magnitude = 0;  // of kAutoAugmentBins; 0 for ops without one
};
using PolicyPair = std::array<PolicyStep, 2>;
constexpr int64_t kAutoAugmentBins = 10;

std::span<const PolicyPair, 25> pairs_of(AutoAugmentPolicy policy);

}  // namespace stoker::augment
