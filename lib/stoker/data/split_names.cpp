#include "stoker/data/split_names.h"

#include <array>
#include <string>

#include "stoker/core/lines.h"

namespace stoker::data {
namespace {

struct Name {
  std::string_view name;
  NamedSplit split;
};

constexpr std::array<Name, 7> kNames{{{"train", NamedSplit::kTrain},
                                      {"training", NamedSplit::kTrain},
                                      {"val", NamedSplit::kVal},
                                      {"valid", NamedSplit::kVal},
                                      {"validation", NamedSplit::kVal},
                                      {"test", NamedSplit::kTest},
                                      {"testing", NamedSplit::kTest}}};

}  // namespace

std::optional<NamedSplit> split_named(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const Name& known : kNames)
    if (lower == known.name) return known.split;
  return std::nullopt;
}

std::optional<NamedSplit> split_at_end_of(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const Name& known : kNames)
    if (lower.ends_with(known.name)) return known.split;
  return std::nullopt;
}

}  // namespace stoker::data
