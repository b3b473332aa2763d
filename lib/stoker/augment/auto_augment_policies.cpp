#include "stoker/augment/auto_augment_policies.h"

namespace stoker::augment {
namespace {

using enum PolicyOp;
using Pairs = std::array<PolicyPair, 25>;

constexpr Pairs kImageNetPairs = {{
    {{{kPosterize, 0.4f, 8}, {kRotate, 0.6f, 9}}},
    {{{kSolarize, 0.6f, 5}, {kAutocontrast, 0.6f, 0}}},
    {{{kEqualize, 0.8f, 0}, {kEqualize, 0.6f, 0}}},
    {{{kPosterize, 0.6f, 7}, {kPosterize, 0.6f, 6}}},
    {{{kEqualize, 0.4f, 0}, {kSolarize, 0.2f, 4}}},
    {{{kEqualize, 0.4f, 0}, {kRotate, 0.8f, 8}}},
    {{{kSolarize, 0.6f, 3}, {kEqualize, 0.6f, 0}}},
    {{{kPosterize, 0.8f, 5}, {kEqualize, 1.0f, 0}}},
    {{{kRotate, 0.2f, 3}, {kSolarize, 0.6f, 8}}},
    {{{kEqualize, 0.6f, 0}, {kPosterize, 0.4f, 6}}},
    {{{kRotate, 0.8f, 8}, {kColor, 0.4f, 0}}},
    {{{kRotate, 0.4f, 9}, {kEqualize, 0.6f, 0}}},
    {{{kEqualize, 0.0f, 0}, {kEqualize, 0.8f, 0}}},
    {{{kInvert, 0.6f, 0}, {kEqualize, 1.0f, 0}}},
    {{{kColor, 0.6f, 4}, {kContrast, 1.0f, 8}}},
    {{{kRotate, 0.8f, 8}, {kColor, 1.0f, 2}}},
    {{{kColor, 0.8f, 8}, {kSolarize, 0.8f, 7}}},
    {{{kSharpness, 0.4f, 7}, {kInvert, 0.6f, 0}}},
    {{{kShearX, 0.6f, 5}, {kEqualize, 1.0f, 0}}},
    {{{kColor, 0.4f, 0}, {kEqualize, 0.6f, 0}}},
    {{{kEqualize, 0.4f, 0}, {kSolarize, 0.2f, 4}}},
    {{{kSolarize, 0.6f, 5}, {kAutocontrast, 0.6f, 0}}},
    {{{kInvert, 0.6f, 0}, {kEqualize, 1.0f, 0}}},
    {{{kColor, 0.6f, 4}, {kContrast, 1.0f, 8}}},
    {{{kEqualize, 0.8f, 0}, {kEqualize, 0.6f, 0}}},
}};

constexpr Pairs kCifar10Pairs = {{
    {{{kInvert, 0.1f, 0}, {kContrast, 0.2f, 6}}},
    {{{kRotate, 0.7f, 2}, {kTranslateX, 0.3f, 9}}},
    {{{kSharpness, 0.8f, 1}, {kSharpness, 0.9f, 3}}},
    {{{kShearY, 0.5f, 8}, {kTranslateY, 0.7f, 9}}},
    {{{kAutocontrast, 0.5f, 0}, {kEqualize, 0.9f, 0}}},
    {{{kShearY, 0.2f, 7}, {kPosterize, 0.3f, 7}}},
    {{{kColor, 0.4f, 3}, {kBrightness, 0.6f, 7}}},
    {{{kSharpness, 0.3f, 9}, {kBrightness, 0.7f, 9}}},
    {{{kEqualize, 0.6f, 0}, {kEqualize, 0.5f, 0}}},
    {{{kContrast, 0.6f, 7}, {kSharpness, 0.6f, 5}}},
    {{{kColor, 0.7f, 7}, {kTranslateX, 0.5f, 8}}},
    {{{kEqualize, 0.3f, 0}, {kAutocontrast, 0.4f, 0}}},
    {{{kTranslateY, 0.4f, 3}, {kSharpness, 0.2f, 6}}},
    {{{kBrightness, 0.9f, 6}, {kColor, 0.2f, 8}}},
    {{{kSolarize, 0.5f, 2}, {kInvert, 0.0f, 0}}},
    {{{kEqualize, 0.2f, 0}, {kAutocontrast, 0.6f, 0}}},
    {{{kEqualize, 0.2f, 0}, {kEqualize, 0.6f, 0}}},
    {{{kColor, 0.9f, 9}, {kEqualize, 0.6f, 0}}},
    {{{kAutocontrast, 0.8f, 0}, {kSolarize, 0.2f, 8}}},
    {{{kBrightness, 0.1f, 3}, {kColor, 0.7f, 0}}},
    {{{kSolarize, 0.4f, 5}, {kAutocontrast, 0.9f, 0}}},
    {{{kTranslateY, 0.9f, 9}, {kTranslateY, 0.7f, 9}}},
    {{{kAutocontrast, 0.9f, 0}, {kSolarize, 0.8f, 3}}},
    {{{kEqualize, 0.8f, 0}, {kInvert, 0.1f, 0}}},
    {{{kTranslateY, 0.7f, 9}, {kAutocontrast, 0.9f, 0}}},
}};

constexpr Pairs kSvhnPairs = {{
    {{{kShearX, 0.9f, 4}, {kInvert, 0.2f, 0}}},
    {{{kShearY, 0.9f, 8}, {kInvert, 0.7f, 0}}},
    {{{kEqualize, 0.6f, 0}, {kSolarize, 0.6f, 6}}},
    {{{kInvert, 0.9f, 0}, {kEqualize, 0.6f, 0}}},
    {{{kEqualize, 0.6f, 0}, {kRotate, 0.9f, 3}}},
    {{{kShearX, 0.9f, 4}, {kAutocontrast, 0.8f, 0}}},
    {{{kShearY, 0.9f, 8}, {kInvert, 0.4f, 0}}},
    {{{kShearY, 0.9f, 5}, {kSolarize, 0.2f, 6}}},
    {{{kInvert, 0.9f, 0}, {kAutocontrast, 0.8f, 0}}},
    {{{kEqualize, 0.6f, 0}, {kRotate, 0.9f, 3}}},
    {{{kShearX, 0.9f, 4}, {kSolarize, 0.3f, 3}}},
    {{{kShearY, 0.8f, 8}, {kInvert, 0.7f, 0}}},
    {{{kEqualize, 0.9f, 0}, {kTranslateY, 0.6f, 6}}},
    {{{kInvert, 0.9f, 0}, {kEqualize, 0.6f, 0}}},
    {{{kContrast, 0.3f, 3}, {kRotate, 0.8f, 4}}},
    {{{kInvert, 0.8f, 0}, {kTranslateY, 0.0f, 2}}},
    {{{kShearY, 0.7f, 6}, {kSolarize, 0.4f, 8}}},
    {{{kInvert, 0.6f, 0}, {kRotate, 0.8f, 4}}},
    {{{kShearY, 0.3f, 7}, {kTranslateX, 0.9f, 3}}},
    {{{kShearX, 0.1f, 6}, {kInvert, 0.6f, 0}}},
    {{{kSolarize, 0.7f, 2}, {kTranslateY, 0.6f, 7}}},
    {{{kShearY, 0.8f, 4}, {kInvert, 0.8f, 0}}},
    {{{kShearX, 0.7f, 9}, {kTranslateY, 0.8f, 3}}},
    {{{kShearY, 0.8f, 5}, {kAutocontrast, 0.7f, 0}}},
    {{{kShearX, 0.7f, 2}, {kInvert, 0.1f, 0}}},
}};

}  // namespace

std::span<const std::string_view> enum_names(AutoAugmentPolicy) {
  static constexpr std::string_view kNames[] = {"imagenet", "cifar10", "svhn"};
  return kNames;
}

std::span<const PolicyPair, 25> pairs_of(AutoAugmentPolicy policy) {
  if (policy == AutoAugmentPolicy::kCifar10) return kCifar10Pairs;
  if (policy == AutoAugmentPolicy::kSvhn) return kSvhnPairs;
  return kImageNetPairs;
}

}  // namespace stoker::augment
