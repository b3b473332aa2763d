#include "stoker/config/values.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace stoker::config {

namespace {

// Turns fields into nodes.
class Writer {
 public:
  explicit Writer(const Provenance& provenance) : provenance_(provenance) {}

  Node map(const std::vector<Field>& fields, const std::string& path) const {
    Node node = container(Kind::kMap, path);
    for (const Field& field : fields)
      add(node, field.name, value(field, join_path(path, field.name)));
    return node;
  }

  Node value(const Field& field, const std::string& path) const {
    return std::visit([&](const auto& ref) { return write(ref, field, path); }, field.ref);
  }

 private:
  static void add(Node& map, std::string_view key, Node node) {
    Location location = node.location;
    map.entries.push_back({std::string(key), std::move(location), std::move(node)});
  }

  Location locate(const std::string& path) const {
    const auto found = provenance_.find(path);
    return found == provenance_.end() ? Location() : found->second;
  }
  Node container(Kind kind, const std::string& path) const {
    Node node;
    node.kind = kind;
    node.location = locate(path);
    return node;
  }
  Node plain(std::string text, const std::string& path) const {
    return make_scalar(std::move(text), false, locate(path));
  }
  Node text(std::string_view text, const std::string& path) const {
    return make_scalar(std::string(text), true, locate(path));
  }

  Node scalar(bool value, const std::string& path) const {
    return plain(value ? "true" : "false", path);
  }
  Node scalar(int64_t value, const std::string& path) const {
    return plain(fmt::format("{}", value), path);
  }
  Node scalar(double value, const std::string& path) const {
    return plain(number_text(value), path);
  }
  Node scalar(const std::string& value, const std::string& path) const { return text(value, path); }

  template <class T>
  Node write(T* value, const Field&, const std::string& path) const {
    return scalar(*value, path);
  }
  template <class T>
  Node write(std::optional<T>* value, const Field& field, const std::string& path) const {
    return value->has_value() ? scalar(**value, path) : text(field.unset_word, path);
  }
  template <class T>
  Node write(std::vector<T>* values, const Field&, const std::string& path) const {
    Node list = container(Kind::kList, path);
    for (const T& value : *values) list.items.push_back(scalar(value, path));
    return list;
  }
  Node write(const EnumRef& ref, const Field&, const std::string& path) const {
    const auto index = static_cast<size_t>(ref.get());
    return text(index < ref.names.size() ? ref.names[index] : "?", path);
  }
  Node write(const StructRef&, const Field& field, const std::string& path) const {
    return map(field.children, path);
  }
  Node write(const StructListRef& ref, const Field&, const std::string& path) const {
    Node list = container(Kind::kList, path);
    for (size_t i = 0; i < ref.size(); ++i) {
      Fields fields;
      ref.describe(i, fields);
      list.items.push_back(map(fields.list(), join_path(path, std::to_string(i))));
    }
    return list;
  }
  Node write(const ChoiceRef& ref, const Field&, const std::string& path) const {
    if (ref.value->empty()) return container(Kind::kNull, path);
    Node node = container(Kind::kMap, path);
    add(node, "name", text(ref.value->name(), join_path(path, "name")));
    for (Entry& entry : options(*ref.value, *ref.table, path).entries)
      node.entries.push_back(std::move(entry));
    return node;
  }
  Node write(const ChoiceListRef& ref, const Field&, const std::string& path) const {
    Node list = container(Kind::kList, path);
    for (size_t i = 0; i < ref.value->size(); ++i) {
      Choice& choice = (*ref.value)[i];
      const std::string item_path = join_path(path, std::to_string(i));
      const std::string options_path = join_path(item_path, choice.name());
      Node inner = options(choice, *ref.table, options_path);
      if (inner.entries.empty()) {
        list.items.push_back(text(choice.name(), item_path));
      } else {
        Node item = container(Kind::kMap, item_path);
        add(item, choice.name(), std::move(inner));
        list.items.push_back(std::move(item));
      }
    }
    return list;
  }

  Node options(Choice& choice, const Alternatives& table, const std::string& path) const {
    Fields fields;
    table.describe(choice, fields);
    return map(fields.list(), path);
  }

  const Provenance& provenance_;
};

}  // namespace

std::string join_path(std::string_view path, std::string_view key) {
  if (path.empty() || key.empty()) return std::string(path.empty() ? key : path);
  return fmt::format("{}.{}", path, key);
}

Node to_node(const Fields& fields, const Provenance& provenance) {
  return Writer(provenance).map(fields.list(), "");
}

Node to_node(const Field& field, const Provenance& provenance, const std::string& path) {
  return Writer(provenance).value(field, path);
}

std::string number_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  std::string text = fmt::format("{}", value);
  const size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos)
    text.insert(exponent, ".0");
  return text;
}

std::optional<double> parse_number(std::string_view text) {
  const PlainType type = plain_type(text);
  if (type != PlainType::kInteger && type != PlainType::kNumber) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  const PlainType type = plain_type(text);
  if (type == PlainType::kNumber) {
    const std::optional<double> value = parse_number(text);
    constexpr double kExact = 9007199254740992;  // 2^53: beyond, neighbours are no longer whole
    if (!value || *value != std::floor(*value) || std::abs(*value) > kExact) return std::nullopt;
    return static_cast<int64_t>(*value);
  }
  if (type != PlainType::kInteger) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  const std::string_view digits = text[0] == '-' ? text.substr(1) : text;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace stoker::config
