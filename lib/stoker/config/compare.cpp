#include "stoker/config/compare.h"

#include <fmt/format.h>

#include <algorithm>

#include "stoker/config/choice.h"
#include "stoker/config/print.h"
#include "stoker/config/values.h"

namespace stoker::config {

namespace {

class Comparison {
 public:
  std::vector<Change> compare(const std::vector<Field>& before, const std::vector<Field>& after,
                              const std::string& path, std::string_view reason) {
    for (const Field& field : after) {
      const auto old = std::find_if(before.begin(), before.end(),
                                    [&](const Field& f) { return f.name == field.name; });
      if (old != before.end()) compare_field(*old, field, join_path(path, field.name), reason);
    }
    return std::move(changes_);
  }

 private:
  void compare_field(const Field& before, const Field& after, const std::string& path,
                     std::string_view outer_reason) {
    const std::string_view reason =
        after.resume_reason.empty() ? outer_reason : after.resume_reason;
    if (std::holds_alternative<StructRef>(after.ref)) {
      append(Comparison().compare(before.children, after.children, path, reason));
    } else if (const auto* choice = std::get_if<ChoiceRef>(&after.ref)) {
      const std::string_view name_reason =
          after.name_resume_reason.empty() ? reason : after.name_resume_reason;
      compare_choices(std::get<ChoiceRef>(before.ref), *choice, path, name_reason, reason);
    } else {
      add(path, print_flow(to_node(before, {}, path)), print_flow(to_node(after, {}, path)),
          reason);
    }
  }

  void compare_choices(const ChoiceRef& before, const ChoiceRef& after, const std::string& path,
                       std::string_view name_reason, std::string_view reason) {
    add(join_path(path, "name"), before.value->name(), after.value->name(), name_reason);
    if (before.value->name() != after.value->name()) return;
    Fields before_fields, after_fields;
    before.table->describe(*before.value, before_fields);
    after.table->describe(*after.value, after_fields);
    append(Comparison().compare(before_fields.list(), after_fields.list(), path, reason));
  }

  void add(const std::string& path, const std::string& before, const std::string& after,
           std::string_view reason) {
    if (before != after) changes_.push_back({path, before, after, std::string(reason)});
  }

  void append(std::vector<Change> changes) {
    for (Change& change : changes) changes_.push_back(std::move(change));
  }

  std::vector<Change> changes_;
};

}  // namespace

std::string to_string(const Change& change) {
  return fmt::format("{}: {} → {}", change.key, change.before, change.after);
}

std::vector<Change> compare(const Fields& before, const Fields& after) {
  return Comparison().compare(before.list(), after.list(), "", "");
}

}  // namespace stoker::config
