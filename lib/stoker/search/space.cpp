#include "stoker/search/space.h"

#include <set>

#include "stoker/config/print.h"
#include "stoker/core/error.h"

namespace stoker::search {

Space parse_space(std::span<const std::string> words) {
  Space space;
  std::set<std::string> keys;
  for (const std::string& word : words) {
    Axis axis = parse_axis(word);
    if (!keys.insert(axis.key).second)
      throw ConfigError(fmt::format(
          "{}: read twice, expected once. Where there were braces the shell made several words of "
          "them: write {}=a,b without braces.",
          axis.key, axis.key));
    if (axis.is_fixed()) {
      space.fixed.push_back(word);
    } else {
      space.axes.push_back(std::move(axis));
    }
  }
  return space;
}

std::vector<std::string> words_of(const config::Node& map) {
  std::vector<std::string> words;
  for (const config::Entry& entry : map.entries) {
    std::string text;
    if (entry.value.is_list()) {
      if (entry.value.items.empty())
        throw ConfigError(fmt::format("{}: {}: read an empty list, expected values to try.",
                                      to_string(entry.location), entry.key));
      for (const config::Node& item : entry.value.items) {
        if (!text.empty()) text += ',';
        text += config::print_flow(item);
      }
    } else {
      const bool is_plain = entry.value.is_scalar() && !entry.value.quoted;
      text = is_plain ? entry.value.scalar : config::print_flow(entry.value);
    }
    words.push_back(entry.key + "=" + text);
  }
  return words;
}

std::vector<std::string> overrides_of(const Setting& setting) {
  std::vector<std::string> words;
  for (const Value& value : setting) words.push_back(value.key + "=" + value.text);
  return words;
}

}  // namespace stoker::search
