#include "stoker/train/unreadable.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "stoker/core/log.h"

namespace stoker::train {

Unreadable unreadable_of(const loader::Loader& loader) {
  return {loader.skipped_count(), loader.skipped()};
}

void warn_of_unreadable(std::string_view set, const Unreadable& unreadable, int64_t reported) {
  if (unreadable.count <= reported) return;
  constexpr int64_t kShown = 10;
  std::string list;
  const int64_t end = std::min(reported + kShown, std::ssize(unreadable.first));
  for (int64_t i = reported; i < end; ++i)
    list += "\n  " + unreadable.first[static_cast<size_t>(i)].reason;
  log().warn("{} {} images were skipped as unreadable (data.on_error: skip), among them{}",
             unreadable.count, set, list.empty() ? " more than are listed" : list);
}

}  // namespace stoker::train
