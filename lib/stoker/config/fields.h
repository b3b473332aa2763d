// Options describe themselves: one function names the fields of a struct once, and reading,
// printing, overriding, the JSON Schema and the reference page are walks over what it names.
//
//   struct SgdOptions { double lr = 0.1; bool nesterov = false; };
//   inline void describe(SgdOptions& o, config::Fields& fields) {
//     fields("lr", o.lr, "peak learning rate").positive();
//     fields("nesterov", o.nesterov, "look ahead along the velocity");
//   }
//
// Values may be bool, int64_t, double, std::string, enums with enum_names(), std::optional of a
// number (unset prints as `auto` or what unset_as says), vectors of numbers, strings or described
// structs, described structs, and choices from a table (choice.h). Knows neither YAML nor torch.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace stoker::config {

class Fields;
class Choice;
class Alternatives;

// An enum field: enum_names(E) is found by argument-dependent lookup and lists the words of the
// enumerators 0, 1, 2, … in order.
struct EnumRef {
  std::function<int()> get;
  std::function<void(int)> set;
  std::span<const std::string_view> names;
};

// A vector of described structs.
struct StructListRef {
  std::function<size_t()> size;
  std::function<void(size_t)> resize;
  std::function<void(size_t, Fields&)> describe;
  // Describes a new item with its defaults, which lives as long as what is returned.
  std::function<std::shared_ptr<void>(Fields&)> describe_new;
};

// A nested struct: its fields are the children.
struct StructRef {};

struct ChoiceRef {
  Choice* value;
  const Alternatives* table;
};

// Written as a list of one-key maps (`- flip: {…}`) or bare names (`- flip`).
struct ChoiceListRef {
  std::vector<Choice>* value;
  const Alternatives* table;
};

using ValueRef =
    std::variant<bool*, int64_t*, double*, std::string*, std::optional<int64_t>*,
                 std::optional<double>*, std::optional<std::string>*, std::vector<int64_t>*,
                 std::vector<double>*, std::vector<std::string>*, EnumRef, StructRef, StructListRef,
                 ChoiceRef, ChoiceListRef>;

// One named option and its limits. The setters narrow what a reader accepts.
class Field {
 public:
  Field(std::string_view its_name, std::string_view its_help, ValueRef its_value)
      : name(its_name), help(its_help), ref(std::move(its_value)) {}

  Field& positive() { return above(0); }
  Field& above(double limit) {
    minimum = limit;
    minimum_excluded = true;
    return *this;
  }
  Field& at_least(double limit) {
    minimum = limit;
    minimum_excluded = false;
    return *this;
  }
  Field& at_most(double limit) {
    maximum = limit;
    return *this;
  }
  Field& in(double low, double high) { return at_least(low).at_most(high); }
  Field& one_of(std::vector<std::string_view> words) {
    allowed = std::move(words);
    return *this;
  }
  // The word for an unset optional.
  Field& unset_as(std::string_view word) {
    unset_word = word;
    return *this;
  }
  // The key must be given: there is no sensible default.
  Field& required() {
    is_required = true;
    return *this;
  }
  // A run that is resumed must keep it, because `reason`.
  Field& fixed_on_resume(std::string_view reason) {
    resume_reason = reason;
    return *this;
  }
  // The same for the name of a choice alone: the options of the row may change.
  Field& fixed_name_on_resume(std::string_view reason) {
    name_resume_reason = reason;
    return *this;
  }

  std::string_view name;
  std::string_view help;
  ValueRef ref;
  std::vector<Field> children;  // of a StructRef
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_excluded = false;
  bool is_required = false;
  std::vector<std::string_view> allowed;
  std::string_view unset_word = "auto";
  std::string_view resume_reason;
  std::string_view name_resume_reason;
};

template <class T>
concept Described = requires(T& value, Fields& fields) {
  describe(value, fields);
};

// Collects the fields of a live struct; the references stay valid as long as the struct does.
// Names and help must outlive it: string literals.
class Fields {
 public:
  template <class T>
  Field& operator()(std::string_view name, T& value, std::string_view help) {
    if constexpr (std::is_enum_v<T>) {
      return add(name, help,
                 EnumRef{[&value] { return static_cast<int>(value); },
                         [&value](int i) { value = static_cast<T>(i); }, enum_names(T{})});
    } else if constexpr (Described<T>) {
      Fields nested;
      describe(value, nested);
      Field& field = add(name, help, StructRef{});
      field.children = std::move(nested.list_);
      return field;
    } else {
      return add(name, help, ValueRef(&value));
    }
  }
  template <Described T>
  Field& operator()(std::string_view name, std::vector<T>& values, std::string_view help) {
    return add(name, help,
               StructListRef{[&values] { return values.size(); },
                             [&values](size_t n) { values.resize(n); },
                             [&values](size_t i, Fields& nested) { describe(values[i], nested); },
                             [](Fields& nested) -> std::shared_ptr<void> {
                               auto item = std::make_shared<T>();
                               describe(*item, nested);
                               return item;
                             }});
  }
  // A thing chosen by `name` from a table; see choice.h.
  Field& operator()(std::string_view name, Choice& value, const Alternatives& table,
                    std::string_view help) {
    return add(name, help, ChoiceRef{&value, &table});
  }
  Field& operator()(std::string_view name, std::vector<Choice>& values, const Alternatives& table,
                    std::string_view help) {
    return add(name, help, ChoiceListRef{&values, &table});
  }

  const std::vector<Field>& list() const { return list_; }

 private:
  Field& add(std::string_view name, std::string_view help, ValueRef ref) {
    return list_.emplace_back(name, help, std::move(ref));
  }

  std::vector<Field> list_;
};

}  // namespace stoker::config
