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

 private:
  friend class Alternatives;
  Choice(std::string_view name, std::any options) : name_(name), options_(std::move(options)) {}

  std::string name_;
  std::any options_;
};

// Finds describe() of a row's options by argument-dependent lookup, past the members named
// describe.
template <class Options>
void describe_options(Options& options, Fields& fields) {
  describe(options, fields);
}

// One row as far as config needs it.
struct Alternative {
  std::string_view name;
  std::string_view help;
  std::any defaults;
  void (*describe)(std::any&, Fields&);
};

class Alternatives {
 public:
  explicit Alternatives(std::vector<Alternative> rows) : rows_(std::move(rows)) {}

  const std::vector<Alternative>& rows() const { return rows_; }
  const Alternative* find(std::string_view name) const {
    for (const Alternative& row : rows_)
      if (row.name == name) return &row;
    return nullptr;
  }
  // The row with its default options; throws std::invalid_argument for an unknown name.
  Choice pick(std::string_view name) const {
    if (const Alternative* row = find(name)) return Choice(row->name, row->defaults);
    throw std::invalid_argument("no such alternative: " + std::string(name));
  }
  void describe(Choice& choice, Fields& fields) const {
    if (const Alternative* row = find(choice.name_)) row->describe(choice.options_, fields);
  }

 private:
  std::vector<Alternative> rows_;
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
  static Row row(std::string_view name, std::string_view help, Build build, Options defaults = {}) {
    return {{name, help, std::any(std::move(defaults)),
             [](std::any& options, Fields& fields) {
               describe_options(std::any_cast<Options&>(options), fields);
             }},
            [build](const Choice& choice, Args... args) -> Product {
              return build(choice.as<Options>(), std::forward<Args>(args)...);
            }};
  }

  Table(std::initializer_list<Row> rows) : Alternatives(alternatives(rows)) {
    for (const Row& row : rows) builders_.push_back(row.build);
  }

  Product build(const Choice& choice, Args... args) const {
    for (size_t i = 0; i < rows().size(); ++i)
      if (rows()[i].name == choice.name()) return builders_[i](choice, std::forward<Args>(args)...);
    throw std::invalid_argument("no such alternative: " + choice.name());
  }

 private:
  static std::vector<Alternative> alternatives(std::initializer_list<Row> rows) {
    std::vector<Alternative> list;
    for (const Row& row : rows) list.push_back(row.alternative);
    return list;
  }

  std::vector<std::function<Product(const Choice&, Args...)>> builders_;
};

}  // namespace stoker::config
