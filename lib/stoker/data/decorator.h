// A data set that passes everything on to another: what decorates one overrides what it changes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

class Decorator : public Dataset {
 public:
  explicit Decorator(std::shared_ptr<const Dataset> dataset) : dataset_(std::move(dataset)) {}

  int64_t size() const override { return dataset_->size(); }
  std::string name(int64_t index) const override { return dataset_->name(index); }
  std::string key(int64_t index) const override { return dataset_->key(index); }
  std::string recipe(int64_t index) const override { return dataset_->recipe(index); }
  int64_t label(int64_t index) const override { return dataset_->label(index); }
  const std::vector<std::string>& class_names() const override { return dataset_->class_names(); }
  bool is_multilabel() const override { return dataset_->is_multilabel(); }
  std::span<const int32_t> labels(int64_t index) const override { return dataset_->labels(index); }
  int64_t kept_bytes_estimate() const override { return dataset_->kept_bytes_estimate(); }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return dataset_->get(index, scratch);
  }
  void confirm(int64_t index) const override { dataset_->confirm(index); }
  bool gains_from_cache() const override { return dataset_->gains_from_cache(); }
  std::vector<std::string> notes() const override { return dataset_->notes(); }
  void verify(int64_t index) const override { dataset_->verify(index); }

 protected:
  const Dataset& inner() const { return *dataset_; }

 private:
  std::shared_ptr<const Dataset> dataset_;
};

}  // namespace stoker::data
