#include "stoker/search/sampler.h"

#include <algorithm>
#include <functional>
#include <set>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/search/sobol.h"

namespace stoker::search {

namespace {

// The sizes multiplied, or kMaxSettings + 1 for more than that.
int64_t count_of(const std::vector<std::vector<std::string>>& values) {
  int64_t count = 1;
  for (const auto& list : values) {
    count *= std::ssize(list);
    if (count > kMaxSettings) return kMaxSettings + 1;
  }
  return count;
}

// The last axis moves first.
std::vector<Setting> grid(const Space& space) {
  std::vector<std::vector<std::string>> values;
  for (const Axis& axis : space.axes) values.push_back(axis.grid());
  const int64_t count = count_of(values);
  if (count > kMaxSettings)
    throw ConfigError(
        fmt::format("the grid has more than {} settings; take fewer values, or "
                    "--random N or --sobol N of them.",
                    kMaxSettings));
  std::vector<Setting> settings;
  for (int64_t i = 0; i < count; ++i) {
    Setting setting(space.axes.size());
    int64_t rest = i;
    for (size_t a = space.axes.size(); a-- > 0;) {
      setting[a] = {space.axes[a].key,
                    values[a][static_cast<size_t>(rest % std::ssize(values[a]))]};
      rest /= std::ssize(values[a]);
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

bool has_at_most(const Space& space, int64_t count) {
  std::vector<std::vector<std::string>> values;
  for (const Axis& axis : space.axes) {
    if (!axis.is_finite()) return false;
    values.push_back(axis.values);
  }
  return count_of(values) <= count;
}

// Draws points until there are so many settings, each different from those before it.
std::vector<Setting> draw(const Space& space, int64_t count,
                          const std::function<std::vector<double>()>& next_point) {
  constexpr int64_t kTries = 1000;  // a setting, before the space counts as used up
  std::vector<Setting> settings;
  std::set<std::vector<std::string>> seen;
  for (int64_t tries = 0; std::ssize(settings) < count && tries < kTries * count; ++tries) {
    const std::vector<double> point = next_point();
    Setting setting;
    for (size_t a = 0; a < space.axes.size(); ++a)
      setting.push_back({space.axes[a].key, space.axes[a].at(point[a])});
    if (seen.insert(overrides_of(setting)).second) settings.push_back(std::move(setting));
  }
  return settings;
}

std::vector<Setting> sobol(const Space& space, const SampleOptions& options) {
  RandomStream random({.seed = options.seed}, Purpose::kPick);
  std::vector<uint32_t> shift;
  for (size_t a = 0; a < space.axes.size(); ++a) shift.push_back(random.bits());
  Sobol points(static_cast<int>(std::min<size_t>(space.axes.size(), 1000)), std::move(shift));
  return draw(space, options.count, [&] { return points.next(); });
}

std::vector<Setting> random(const Space& space, const SampleOptions& options) {
  uint64_t number = 0;
  return draw(space, options.count, [&] {
    RandomStream random({.seed = options.seed, .sample = number++}, Purpose::kPick);
    std::vector<double> point;
    for (size_t a = 0; a < space.axes.size(); ++a) point.push_back(random.bits() * 0x1p-32);
    return point;
  });
}

}  // namespace

std::string_view method_name(Method method) {
  switch (method) {
    case Method::kGrid:
      return "grid";
    case Method::kRandom:
      return "random";
    case Method::kSobol:
      return "sobol";
  }
  return "";
}

std::vector<Setting> sample(const Space& space, const SampleOptions& options) {
  if (options.method == Method::kGrid || has_at_most(space, options.count)) return grid(space);
  if (options.count < 1 || options.count > kMaxSettings)
    throw ConfigError(fmt::format("--{}: read {}, expected 1 to {} settings.",
                                  method_name(options.method), options.count, kMaxSettings));
  return options.method == Method::kSobol ? sobol(space, options) : random(space, options);
}

}  // namespace stoker::search
