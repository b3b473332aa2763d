#include "stoker/config/keys.h"

#include <algorithm>
#include <utility>

#include "stoker/config/choice.h"
#include "stoker/config/values.h"
#include "stoker/core/text.h"

namespace stoker::config {
namespace {

void collect(const std::vector<Field>& fields, const std::string& path,
             std::vector<std::string>& keys) {
  for (const Field& field : fields) {
    const std::string key = join_path(path, field.name);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    collect(field.children, key, keys);
    const auto* ref = std::get_if<ChoiceRef>(&field.ref);
    if (ref == nullptr) continue;
    for (const Alternative& row : ref->table->rows()) {
      Choice choice = ref->table->pick(row.name);
      Fields options;
      ref->table->describe(choice, options);
      collect(options.list(), key, keys);
    }
  }
}

std::string_view last_part(std::string_view key) {
  const size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

}  // namespace

std::vector<std::string> keys_named(const Fields& fields, std::string_view word) {
  std::string wanted(word);
  std::ranges::replace(wanted, '-', '_');
  std::vector<std::string> keys;
  collect(fields.list(), "", keys);
  const auto select = [&](std::string_view name) {
    std::vector<std::string> found;
    for (const std::string& key : keys)
      if (key == name || last_part(key) == name) found.push_back(key);
    return found;
  };
  std::vector<std::string> found = select(wanted);
  if (!found.empty()) return found;
  const bool has_dot = wanted.find('.') != std::string::npos;
  std::vector<std::string_view> names;
  names.reserve(keys.size());
  for (const std::string& key : keys) names.push_back(has_dot ? key : last_part(key));
  return select(nearest(wanted, names));
}

}  // namespace stoker::config
