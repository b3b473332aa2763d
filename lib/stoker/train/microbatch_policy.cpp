#include "stoker/train/microbatch_policy.h"

#include <algorithm>

namespace stoker::train {

namespace {
constexpr double kMargin = 0.03;         // of what is usable, kept free of what the model says
constexpr double kMarginToGrow = 0.1;    // the same where nothing forces a change
constexpr double kMoreThanBefore = 1.1;  // so much more usable makes another try worthwhile
}  // namespace

std::optional<int64_t> MicrobatchPolicy::after_failure(int64_t count, int64_t usable_bytes) {
  if (count > failed_) {
    failed_ = count;
    usable_when_failed_ = usable_bytes;
  }
  if (mode_ == MicrobatchMode::kFixed || count >= most()) return std::nullopt;
  if (fitted_ > count) return std::min(fitted_, most());
  fitted_ = 0;
  if (model_) {
    const auto usable = static_cast<int64_t>((1 - kMargin) * static_cast<double>(usable_bytes));
    for (int64_t more = cut_into(count + 1); more <= most(); more = cut_into(more + 1)) {
      if (images_in(more) < images_in(count) && model_->at(images_in(more)) <= usable) return more;
    }
  }
  return std::min(cut_into(2 * count), most());
}

std::optional<int64_t> MicrobatchPolicy::at_epoch_end(int64_t count,
                                                      const MicrobatchNeed& need) const {
  if (mode_ != MicrobatchMode::kFollow || count <= planned_.grad_accumulation) return std::nullopt;
  const double per_image =
      static_cast<double>(std::max<int64_t>(need.peak_bytes - need.fixed_bytes, 0)) /
      static_cast<double>(images_in(count));
  const tuning::Line measured{.base_bytes = static_cast<double>(need.fixed_bytes),
                              .bytes_per_image = per_image};
  const auto usable = static_cast<double>(need.usable_bytes);
  const bool has_more = usable >= kMoreThanBefore * static_cast<double>(usable_when_failed_);
  for (int64_t fewer = planned_.grad_accumulation; fewer < count; fewer = cut_into(fewer + 1)) {
    if (fewer <= failed_ && !has_more) continue;
    const auto predicted = static_cast<double>(measured.at(images_in(fewer)));
    if (predicted <= (1 - kMarginToGrow) * usable) return fewer;
  }
  return std::nullopt;
}

}  // namespace stoker::train
