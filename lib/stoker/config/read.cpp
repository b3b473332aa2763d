#include "stoker/config/read.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "stoker/config/choice.h"
#include "stoker/config/expectation.h"
#include "stoker/config/problems.h"
#include "stoker/config/scalar.h"

namespace stoker::config {

namespace {

Node empty_map(const Location& location) {
  Node map;
  map.kind = Kind::kMap;
  map.location = location;
  return map;
}

// Walks tree and fields together.
class Reader {
 public:
  Provenance read(const Node& tree, const Fields& fields) {
    read_map(tree, fields.list(), "");
    problems_.throw_if_any();
    return std::move(provenance_);
  }

 private:
  // also: a key that the caller has dealt with.
  void read_map(const Node& node, const std::vector<Field>& fields, const std::string& path,
                std::string_view also = "") {
    const bool is_empty_file = node.is_null() && path.empty();
    if (!node.is_map() && !is_empty_file) {
      problems_.add(node.location, path, expected_instead(node, "keys with their values"));
      return;
    }
    for (const Entry& entry : node.entries) {
      if (entry.key == also) continue;
      const auto field = std::find_if(fields.begin(), fields.end(),
                                      [&](const Field& f) { return f.name == entry.key; });
      if (field != fields.end())
        read_value(entry.value, *field, join_path(path, entry.key));
      else
        report_unknown(entry, node, fields, path, also);
    }
    for (const Field& field : fields)
      if (node.find(field.name) == nullptr)
        check_absent(field, join_path(path, field.name), node.location);
  }

  // Reports the required keys of a field that the map at `location` does not hold.
  void check_absent(const Field& field, const std::string& path, const Location& location) {
    if (field.is_required)
      problems_.add(location, path,
                    fmt::format("is missing; expected {}: {}", expectation(field), field.help));
    else if (std::holds_alternative<StructRef>(field.ref))
      read_map(empty_map(location), field.children, path);
    else if (const auto* ref = std::get_if<ChoiceRef>(&field.ref))
      read_options(empty_map(location), *ref->value, *ref->table, path, "");
  }

  void report_unknown(const Entry& entry, const Node& map, const std::vector<Field>& fields,
                      const std::string& path, std::string_view also) {
    if (entry.value.from_bare_word) {
      problems_.add(map.location, path, expected_instead(entry.value, "keys with their values"));
      return;
    }
    if (problems_.is_full()) return problems_.add(entry.location, path, "unknown key");
    std::vector<std::string_view> names;
    if (!also.empty()) names.push_back(also);
    for (const Field& field : fields) names.push_back(field.name);
    const std::string deeper = deeper_places(entry.key, fields, path);
    problems_.add(entry.location, join_path(path, show_key(entry.key)),
                  "unknown key" + (deeper.empty() ? suggest_key(entry.key, names) : deeper));
  }

  // "; did you mean `train.batch_size` or `eval.batch_size`?": where the key stands one level down,
  // as for those who come from tools whose options are all at the top.
  static std::string deeper_places(const std::string& key, const std::vector<Field>& fields,
                                   const std::string& path) {
    std::string places;
    const auto look_into = [&](const Field& field, const std::vector<Field>& children) {
      if (std::ranges::find(children, key, &Field::name) == children.end()) return;
      places += fmt::format("{}`{}`", places.empty() ? "" : " or ",
                            join_path(join_path(path, field.name), key));
    };
    for (const Field& field : fields) {
      look_into(field, field.children);
      if (const auto* ref = std::get_if<ChoiceRef>(&field.ref)) {
        Fields options;
        ref->table->describe(*ref->value, options);
        look_into(field, options.list());
      }
    }
    return places.empty() ? "" : fmt::format("; did you mean {}?", places);
  }

  void read_value(const Node& node, const Field& field, const std::string& path) {
    note(path, node.location);
    std::visit([&](const auto& ref) { read_ref(node, field, path, ref); }, field.ref);
  }

  template <class T>
  void read_ref(const Node& node, const Field& field, const std::string& path, T* value) {
    if (const std::optional<T> read = read_scalar<T>(node, field))
      *value = *read;
    else
      reject(node, field, path);
  }

  template <class T>
  void read_ref(const Node& node, const Field& field, const std::string& path,
                std::optional<T>* value) {
    if (node.is_null() || (node.is_scalar() && node.scalar == field.unset_word))
      value->reset();
    else if (std::optional<T> read = read_scalar<T>(node, field))
      *value = std::move(read);
    else
      reject(node, field, path);
  }

  template <class T>
  void read_ref(const Node& node, const Field& field, const std::string& path,
                std::vector<T>* values) {
    // A value alone is a list of one: `size: 224`.
    if (const std::optional<T> alone = read_scalar<T>(node, field); alone) {
      values->assign(1, *alone);
      return;
    }
    if (!node.is_list()) return reject(node, field, path);
    values->clear();
    for (size_t i = 0; i < node.items.size(); ++i) {
      const Node& item = node.items[i];
      if (const std::optional<T> read = read_scalar<T>(item, field))
        values->push_back(*read);
      else
        problems_.add(item.location, join_path(path, std::to_string(i)),
                      expected_instead(item, item_expectation(field)) + hint(item, field));
    }
  }

  void read_ref(const Node& node, const Field& field, const std::string& path, const EnumRef& ref) {
    const auto word = std::find(ref.names.begin(), ref.names.end(), node.scalar);
    if (node.is_scalar() && word != ref.names.end())
      ref.set(static_cast<int>(word - ref.names.begin()));
    else
      reject(node, field, path);
  }

  void read_ref(const Node& node, const Field& field, const std::string& path, const StructRef&) {
    read_map(node, field.children, path);
  }

  void read_ref(const Node& node, const Field& field, const std::string& path,
                const StructListRef& ref) {
    if (!node.is_list()) return reject(node, field, path);
    ref.resize(0);
    ref.resize(node.items.size());
    for (size_t i = 0; i < node.items.size(); ++i) {
      note(join_path(path, std::to_string(i)), node.items[i].location);
      Fields fields;
      ref.describe(i, fields);
      read_map(node.items[i], fields.list(), join_path(path, std::to_string(i)));
    }
  }

  void read_ref(const Node& node, const Field& field, const std::string& path,
                const ChoiceRef& ref) {
    if (node.is_null() && ref.value->empty()) return;
    if (!node.is_map() && !node.is_scalar()) return reject(node, field, path);
    const Node* name = node.is_map() ? node.find("name") : &node;
    if (name != nullptr) {
      const std::string name_path = node.is_map() ? join_path(path, "name") : path;
      if (!pick(*name, name_path, *ref.table, *ref.value)) return;
      note(join_path(path, "name"), name->location);
    } else if (ref.value->empty()) {
      problems_.add(node.location, join_path(path, "name"),
                    fmt::format("is missing; expected {}", names_of(*ref.table)));
      return;
    }
    read_options(node.is_map() ? node : empty_map(node.location), *ref.value, *ref.table, path,
                 "name");
  }

  void read_ref(const Node& node, const Field& field, const std::string& path,
                const ChoiceListRef& ref) {
    if (!node.is_list()) return reject(node, field, path);
    ref.value->clear();
    ref.value->resize(node.items.size());
    for (size_t i = 0; i < node.items.size(); ++i)
      read_step(node.items[i], join_path(path, std::to_string(i)), *ref.table, (*ref.value)[i]);
  }

  // `- flip`, `- flip:` or `- flip: {…}`.
  void read_step(const Node& item, const std::string& path, const Alternatives& table,
                 Choice& choice) {
    note(path, item.location);
    if (item.is_map() && item.entries.size() != 1) {
      problems_.add(item.location, path, several_keys(item));
    } else if (item.is_map()) {
      const Entry& entry = item.entries[0];
      const Node name = make_scalar(entry.key, false, entry.location);
      if (!pick(name, path, table, choice)) return;
      const std::string options_path = join_path(path, entry.key);
      note(options_path, entry.location);
      read_options(entry.value.is_null() ? empty_map(entry.location) : entry.value, choice, table,
                   options_path, "");
    } else if (item.is_scalar()) {
      if (!pick(item, path, table, choice)) return;
      read_options(empty_map(item.location), choice, table, join_path(path, item.scalar), "");
    } else {
      problems_.add(item.location, path, expected_instead(item, names_of(table)));
    }
  }

  // Keeps the options of a choice that is of that name already.
  bool pick(const Node& name, const std::string& path, const Alternatives& table, Choice& choice) {
    if (!name.is_scalar() || table.find(name.scalar) == nullptr) {
      std::vector<std::string_view> names;
      for (const Alternative& row : table.rows()) names.push_back(row.name);
      problems_.add(name.location, path,
                    expected_instead(name, names_of(table)) +
                        (name.is_scalar() ? did_you_mean(name.scalar, names) : ""));
      return false;
    }
    if (choice.name() != name.scalar) choice = table.pick(name.scalar);
    return true;
  }

  void read_options(const Node& node, Choice& choice, const Alternatives& table,
                    const std::string& path, std::string_view also) {
    Fields fields;
    table.describe(choice, fields);
    read_map(node, fields.list(), path, also);
  }

  void reject(const Node& node, const Field& field, const std::string& path) {
    problems_.add(node.location, path,
                  expected_instead(node, expectation(field)) + hint(node, field));
  }

  void note(const std::string& path, const Location& location) {
    if (!path.empty() && location.origin != Origin::kDefault) provenance_[path] = location;
  }

  Provenance provenance_;
  Problems problems_;
};

}  // namespace

Provenance read_fields(const Node& tree, Fields& fields) { return Reader().read(tree, fields); }

}  // namespace stoker::config
