#include "stoker/config/keys.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "stoker/config/choice.h"
#include "stoker/config/values.h"
#include "stoker/core/text.h"

namespace stoker::config {
namespace {

enum class Lists { kLeftOut, kByStep };

// What the value may be where it is one of some words.
std::vector<std::string> completions_of(const Field& field) {
  if (std::holds_alternative<bool*>(field.ref)) return {"true", "false"};
  if (const auto* words = std::get_if<EnumRef>(&field.ref))
    return {words->names.begin(), words->names.end()};
  std::vector<std::string> words(field.allowed.begin(), field.allowed.end());
  if (const auto* ref = std::get_if<ChoiceRef>(&field.ref))
    for (const Alternative& row : ref->table->rows()) words.emplace_back(row.name);
  return words;
}

class Collector {
 public:
  explicit Collector(Lists lists) : lists_(lists) {}

  void collect(const std::vector<Field>& fields, const std::string& path) {
    for (const Field& field : fields) {
      const std::string key = join_path(path, field.name);
      const bool is_new =
          std::ranges::none_of(keys_, [&](const Key& known) { return known.path == key; });
      if (is_new) keys_.push_back({key, completions_of(field)});
      collect(field.children, key);
      if (const auto* choice = std::get_if<ChoiceRef>(&field.ref))
        for (const Alternative& row : choice->table->rows()) collect_row(*choice->table, row, key);
      const auto* steps = std::get_if<ChoiceListRef>(&field.ref);
      if (steps == nullptr || lists_ == Lists::kLeftOut) continue;
      for (const Alternative& row : steps->table->rows())
        collect_row(*steps->table, row, join_path(key, row.name));
    }
  }
  std::vector<Key> take() { return std::move(keys_); }

 private:
  void collect_row(const Alternatives& table, const Alternative& row, const std::string& path) {
    Choice choice = table.pick(row.name);
    Fields options;
    table.describe(choice, options);
    collect(options.list(), path);
  }

  Lists lists_;
  std::vector<Key> keys_;
};

std::vector<Key> collected(const Fields& fields, Lists lists) {
  Collector collector(lists);
  collector.collect(fields.list(), "");
  return collector.take();
}

// Whether a longer key leads on from this one: `train` of `train.epochs`.
bool is_group(const Key& key, const std::vector<Key>& all) {
  return key.values.empty() && std::ranges::any_of(all, [&](const Key& other) {
           return other.path.starts_with(key.path + ".");
         });
}

std::string_view last_part(std::string_view key) {
  const size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

}  // namespace

std::vector<Key> keys(const Fields& fields) {
  const std::vector<Key> all = collected(fields, Lists::kByStep);
  std::vector<Key> settable;
  std::ranges::copy_if(all, std::back_inserter(settable),
                       [&](const Key& key) { return !is_group(key, all); });
  return settable;
}

std::vector<std::string> keys_named(const Fields& fields, std::string_view word) {
  std::string wanted(word);
  std::ranges::replace(wanted, '-', '_');
  std::vector<std::string> keys;
  for (Key& key : collected(fields, Lists::kLeftOut)) keys.push_back(std::move(key.path));
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
