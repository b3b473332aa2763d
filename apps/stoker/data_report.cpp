#include "data_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "stoker/core/shown.h"
#include "stoker/core/text.h"

namespace stoker::app {
namespace {

constexpr size_t kMaxListed = 20;  // classes and sizes on a terminal; --json has all

std::string triple(const std::array<double, 3>& values) {
  return fmt::format("[{:.4f}, {:.4f}, {:.4f}]", values[0], values[1], values[2]);
}

void print_sizes(const inspect::Inspection& found) {
  using Entry = std::pair<inspect::ImageSize, int64_t>;
  std::vector<Entry> sizes(found.sizes.begin(), found.sizes.end());
  std::ranges::stable_sort(sizes, std::ranges::greater{}, &Entry::second);
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(sizes.size(), kShown); ++i)
    text += fmt::format("{}{}x{} ({})", i ? ", " : "", sizes[i].first.width, sizes[i].first.height,
                        human_count(sizes[i].second));
  if (sizes.size() > kShown) text += fmt::format(", and {} others", sizes.size() - kShown);
  fmt::print("  sizes     {}\n", text);
}

void print_classes(const inspect::Inspection& found) {
  size_t width = 0;
  for (const inspect::ClassCount& entry : found.classes)
    width = std::max(width, shown(entry.name).size());
  fmt::print("  classes   {}\n", found.classes.size());
  for (size_t i = 0; i < std::min(found.classes.size(), kMaxListed); ++i)
    fmt::print("    {:<{}}  {:>9}\n", shown(found.classes[i].name), width,
               human_count(found.classes[i].images));
  if (found.classes.size() > kMaxListed)
    fmt::print("    and {} others (--json lists all)\n", found.classes.size() - kMaxListed);
}

void print_unreadable(const std::vector<inspect::Unreadable>& unreadable) {
  for (const inspect::Unreadable& entry : unreadable) fmt::print("  {}\n", shown(entry.reason));
}

nlohmann::ordered_json unreadable_json(const std::vector<inspect::Unreadable>& unreadable) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const inspect::Unreadable& entry : unreadable)
    list.push_back({{"index", entry.index}, {"name", entry.name}, {"reason", entry.reason}});
  return list;
}

}  // namespace

void print_inspection(const data::FoundSplit& split, const inspect::Inspection& found) {
  fmt::print("{} ({}): {} images\n", shown(split.name), split.options.format.name(),
             human_count(found.images));
  print_classes(found);
  print_sizes(found);
  std::string modes;
  for (const auto& [mode, count] : found.modes)
    modes += fmt::format("{}{} ({})", modes.empty() ? "" : ", ", mode, human_count(count));
  fmt::print("  modes     {}\n", modes);
  fmt::print("  bytes     {} on disk, {} decoded\n",
             human_bytes(static_cast<uint64_t>(found.encoded_bytes)),
             human_bytes(static_cast<uint64_t>(found.decoded_bytes)));
  fmt::print("  normalize {{mean: {}, std: {}}}\n", triple(found.mean), triple(found.std));
  if (found.unreadable.empty()) return;
  fmt::print("  {} unreadable:\n", human_count(static_cast<int64_t>(found.unreadable.size())));
  print_unreadable(found.unreadable);
}

nlohmann::ordered_json inspection_json(const data::FoundSplit& split,
                                       const inspect::Inspection& found) {
  nlohmann::ordered_json json{{"split", split.name},
                              {"format", split.options.format.name()},
                              {"images", found.images},
                              {"encoded_bytes", found.encoded_bytes},
                              {"decoded_bytes", found.decoded_bytes},
                              {"mean", found.mean},
                              {"std", found.std},
                              {"modes", found.modes}};
  for (const inspect::ClassCount& entry : found.classes)
    json["classes"].push_back({{"name", entry.name}, {"images", entry.images}});
  json["sizes"] = nlohmann::ordered_json::array();
  for (const auto& [size, count] : found.sizes)
    json["sizes"].push_back({{"width", size.width}, {"height", size.height}, {"images", count}});
  json["unreadable"] = unreadable_json(found.unreadable);
  return json;
}

void print_verification(const data::FoundSplit& split, int64_t images,
                        const std::vector<inspect::Unreadable>& unreadable) {
  fmt::print("{}: {} of {} images are readable\n", shown(split.name),
             human_count(images - static_cast<int64_t>(unreadable.size())), human_count(images));
  print_unreadable(unreadable);
}

nlohmann::ordered_json verification_json(const data::FoundSplit& split, int64_t images,
                                         const std::vector<inspect::Unreadable>& unreadable) {
  return {{"split", split.name}, {"images", images}, {"unreadable", unreadable_json(unreadable)}};
}

}  // namespace stoker::app
