#include "stoker/data/class_map.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/data/decorator.h"
#include "stoker/data/label_sets.h"

namespace stoker::data {

namespace {

class Mapped : public Decorator {
 public:
  Mapped(std::shared_ptr<const Dataset> dataset, std::vector<std::string> class_names,
         std::vector<int64_t> samples, std::vector<int64_t> new_labels)
      : Decorator(std::move(dataset)),
        class_names_(std::move(class_names)),
        samples_(std::move(samples)),
        new_labels_(std::move(new_labels)),
        labels_(mapped_labels(inner(), new_labels_)) {}

  int64_t size() const override { return std::ssize(samples_); }
  std::string name(int64_t index) const override { return inner().name(at(index)); }
  std::string key(int64_t index) const override { return inner().key(at(index)); }
  std::string recipe(int64_t index) const override { return inner().recipe(at(index)); }
  int64_t label(int64_t index) const override {
    if (is_multilabel()) return labels_.first(at(index));
    return new_labels_[static_cast<size_t>(inner().label(at(index)))];
  }
  std::span<const int32_t> labels(int64_t index) const override {
    return is_multilabel() ? labels_[at(index)] : std::span<const int32_t>();
  }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return inner().get(at(index), scratch);
  }
  void confirm(int64_t index) const override { inner().confirm(at(index)); }
  void verify(int64_t index) const override { inner().verify(at(index)); }

 private:
  int64_t at(int64_t index) const { return samples_[static_cast<size_t>(index)]; }

  std::vector<std::string> class_names_;
  std::vector<int64_t> samples_;     // of the inner set
  std::vector<int64_t> new_labels_;  // by the inner set's; -1 where they are left out
  LabelSets labels_;                 // of the inner set's images, where they have several
};

// Of "new = old, old": each old name with the new one.
std::vector<std::pair<std::string, std::string>> parse_merge(const std::string& entry) {
  const size_t equals = entry.find('=');
  const std::string merged(trimmed(std::string_view(entry).substr(0, equals)));
  std::vector<std::pair<std::string, std::string>> renamed;
  if (equals != std::string::npos) {
    std::string_view rest = std::string_view(entry).substr(equals + 1);
    for (bool more = true; more;) {
      const size_t comma = rest.find(',');
      renamed.emplace_back(trimmed(rest.substr(0, comma)), merged);
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  const bool has_empty =
      std::ranges::any_of(renamed, [](const auto& one) { return one.first.empty(); });
  if (renamed.empty() || merged.empty() || has_empty) {
    throw ConfigError(fmt::format(
        "data.merge_classes: read \"{}\", expected the new name and those that it stands for, such "
        "as \"bird = robin, wren\".",
        entry));
  }
  return renamed;
}

// What becomes of each class that is named; "" where it is left out.
struct Changes {
  std::map<std::string, std::string> becomes;
  std::vector<std::pair<const char*, std::string>> named;  // by which key, in their order
};

Changes changes_of(const std::vector<std::string>& ignore, const std::vector<std::string>& merge) {
  Changes changes;
  const auto add = [&](const char* key, const std::string& name, const std::string& becomes) {
    changes.named.emplace_back(key, name);
    if (!changes.becomes.emplace(name, becomes).second) {
      throw ConfigError(fmt::format(
          "{}: the class \"{}\" is named twice in data.ignore_classes and data.merge_classes.", key,
          name));
    }
  };
  for (const std::string& name : ignore) add("data.ignore_classes", name, "");
  for (const std::string& entry : merge) {
    for (const auto& [name, becomes] : parse_merge(entry)) add("data.merge_classes", name, becomes);
  }
  return changes;
}

void check_classes_are_there(const Changes& changes, const std::vector<std::string>& classes) {
  for (const auto& [key, name] : changes.named) {
    if (std::ranges::find(classes, name) != classes.end()) continue;
    throw ConfigError(fmt::format("{}: the data set has no class \"{}\"; its classes are [{}].",
                                  key, name, fmt::join(classes, ", ")));
  }
}

}  // namespace

void check_class_map(const std::vector<std::string>& ignore,
                     const std::vector<std::string>& merge) {
  changes_of(ignore, merge);
}

std::shared_ptr<const Dataset> map_classes(std::shared_ptr<const Dataset> dataset,
                                           const std::vector<std::string>& ignore,
                                           const std::vector<std::string>& merge, bool may_lack) {
  if (ignore.empty() && merge.empty()) return dataset;
  const Changes changes = changes_of(ignore, merge);
  if (!may_lack) check_classes_are_there(changes, dataset->class_names());
  std::vector<std::string> names;
  std::map<std::string, int64_t> labels;
  std::vector<int64_t> new_labels;
  for (const std::string& own : dataset->class_names()) {
    const auto change = changes.becomes.find(own);
    const std::string& name = change == changes.becomes.end() ? own : change->second;
    if (name.empty()) {
      new_labels.push_back(-1);
      continue;
    }
    const auto [found, is_new] = labels.emplace(name, std::ssize(names));
    if (is_new) names.push_back(name);
    new_labels.push_back(found->second);
  }
  std::vector<int64_t> samples;
  for (int64_t i = 0; i < dataset->size(); ++i)
    if (dataset->is_multilabel() || new_labels[static_cast<size_t>(dataset->label(i))] >= 0)
      samples.push_back(i);
  if (names.empty() && dataset->is_multilabel())
    throw ConfigError("data.ignore_classes leaves no class of the data set's labels.");
  if (samples.empty()) {
    throw ConfigError(
        fmt::format("data.ignore_classes leaves none of the {} images.", dataset->size()));
  }
  return std::make_shared<Mapped>(std::move(dataset), std::move(names), std::move(samples),
                                  std::move(new_labels));
}

}  // namespace stoker::data
