// Tables of things that a config chooses by name, each with options of its own.
//
//   // optim/table.cpp
//   const OptimizerTable& optimizers() {
//     static const OptimizerTable table{
//         OptimizerTable::row<SgdOptions>("sgd", "stochastic gradient descent", build_sgd),
//         OptimizerTable::row<AdamOptions>("adamw", "Adam with decoupled decay", build_adamw,
//                                          {.decoupled = true}),
//     };
//     return table;
//   }
//   // In a config:  optimizer: {name: sgd, lr: 0.8}   or   optimizer: sgd
//   auto optimizer = optimizers().build(options.optimizer, parameters);
//
// A table may add options that all rows have beside their own:
//
//   static const ModelTable table{{…rows…}, config::common<TransferOptions>()};
//   choice.common<TransferOptions>().weights
//
// A row may have other defaults for them (row()'s last argument).
#pragma once

#include <any>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/config/fields.h"

namespace stoker::config {

// The name of a row and the values of its options. A plain value: copies are independent.
class Choice {
 public:
  Choice() = default;
  const std::string& name() const { return name_; }
  bool empty() const { return name_.empty(); }

  // The options as the row's own type; throws std::bad_any_cast if they are of another.
  template <class Options>
  const Options& as() const {
    return std::any_cast<const Options&>(options_);
  }
  template <class Options>
  Options& as() {
    return std::any_cast<Options&>(options_);
  }
  // The options that all rows of the table have; throws as as() does.
  template <class Options>
  const Options& common() const {
    return std::any_cast<const Options&>(common_);
  }
  template <class Options>
  Options& common() {
    return std::any_cast<Options&>(common_);
  }

 private:
  friend class Alternatives;
  Choice(std::string_view name, std::any options, std::any common)
      : name_(name), options_(std::move(options)), common_(std::move(common)) {}

  std::string name_;
  std::any options_, common_;
};

// Finds describe() of a row's options by argument-dependent lookup, past the members named
// describe.
template <class Options>
void describe_options(Options& options, Fields& fields) {
  describe(options, fields);
}

using DescribeAny = void (*)(std::any&, Fields&);

template <class Options>
DescribeAny describe_any() {
  return [](std::any& options, Fields& fields) {
    describe_options(std::any_cast<Options&>(options), fields);
  };
}

// One row as far as config needs it.
struct Alternative {
  std::string_view name;
  std::string_view help;
  std::any defaults;
  DescribeAny describe;
  std::any common_defaults = {};  // of the options that every row has, where this row's differ
};

// Options that every row has.
struct CommonAlternative {
  std::any defaults;
  DescribeAny describe = nullptr;  // none: there are no such options
};

template <class Options>
CommonAlternative common(Options defaults = {}) {
  return {std::any(std::move(defaults)), describe_any<Options>()};
}

class Alternatives {
 public:
  explicit Alternatives(std::vector<Alternative> rows, CommonAlternative common = {})
      : rows_(std::move(rows)), common_(std::move(common)) {}

  const std::vector<Alternative>& rows() const { return rows_; }
  const Alternative* find(std::string_view name) const {
    for (const Alternative& row : rows_)
      if (row.name == name) return &row;
    return nullptr;
  }
  // The row with its default options; throws std::invalid_argument for an unknown name.
  Choice pick(std::string_view name) const {
    if (const Alternative* row = find(name)) {
      return Choice(row->name, row->defaults,
                    row->common_defaults.has_value() ? row->common_defaults : common_.defaults);
    }
    throw std::invalid_argument("no such alternative: " + std::string(name));
  }
  // The row's own options, then those that all rows have.
  void describe(Choice& choice, Fields& fields) const {
    describe_row(choice, fields);
    describe_common(choice, fields);
  }
  void describe_row(Choice& choice, Fields& fields) const {
    if (const Alternative* row = find(choice.name_)) row->describe(choice.options_, fields);
  }
  void describe_common(Choice& choice, Fields& fields) const {
    if (common_.describe != nullptr && !choice.empty()) common_.describe(choice.common_, fields);
  }

 private:
  std::vector<Alternative> rows_;
  CommonAlternative common_;
};

// Alternatives that also know how to build a Product from the chosen options and Args.
template <class Signature>
class Table;

template <class Product, class... Args>
class Table<Product(Args...)> : public Alternatives {
 public:
  struct Row {
    Alternative alternative;
    std::function<Product(const Choice&, Args...)> build;
  };

  template <class Options, class Build>
  static Row row(std::string_view name, std::string_view help, Build build, Options defaults = {},
                 std::any common_defaults = {}) {
    return {{name, help, std::any(std::move(defaults)), describe_any<Options>(),
             std::move(common_defaults)},
            [build](const Choice& choice, Args... args) -> Product {
              return build(choice.as<Options>(), std::forward<Args>(args)...);
            }};
  }

  using Rows = std::vector<Row>;

  Table(std::initializer_list<Row> rows) : Table(Rows(rows)) {}
  Table(std::initializer_list<Row> rows, CommonAlternative common)
      : Table(Rows(rows), std::move(common)) {}
  // For families of rows that stand in files of their own:  Table(joined({resnet_rows(), …}), …)
  explicit Table(const Rows& rows, CommonAlternative common = {})
      : Alternatives(alternatives(rows), std::move(common)) {
    for (const Row& row : rows) builders_.push_back(row.build);
  }

  static Rows joined(std::initializer_list<Rows> families) {
    Rows rows;
    for (const Rows& family : families) rows.insert(rows.end(), family.begin(), family.end());
    return rows;
  }

  Product build(const Choice& choice, Args... args) const {
    for (size_t i = 0; i < rows().size(); ++i)
      if (rows()[i].name == choice.name()) return builders_[i](choice, std::forward<Args>(args)...);
    throw std::invalid_argument("no such alternative: " + choice.name());
  }

 private:
  static std::vector<Alternative> alternatives(const Rows& rows) {
    std::vector<Alternative> list;
    for (const Row& row : rows) list.push_back(row.alternative);
    return list;
  }

  std::vector<std::function<Product(const Choice&, Args...)>> builders_;
};

}  // namespace stoker::config
