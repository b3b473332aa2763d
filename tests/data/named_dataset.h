// A data set of names and labels, without images.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::test {

class NamedDataset final : public data::Dataset {
 public:
  struct Sample {
    std::string name;
    int64_t label;
  };

  NamedDataset(std::vector<Sample> samples, std::vector<std::string> classes)
      : samples_(std::move(samples)), classes_(std::move(classes)) {}
  // Classes called "0", "1", ….
  NamedDataset(std::vector<Sample> samples, int64_t classes) : samples_(std::move(samples)) {
    for (int64_t i = 0; i < classes; ++i) classes_.push_back(std::to_string(i));
  }

  std::vector<std::string> its_notes;

  int64_t size() const override { return std::ssize(samples_); }
  std::string name(int64_t index) const override { return samples_[size_t(index)].name; }
  int64_t label(int64_t index) const override { return samples_[size_t(index)].label; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  std::vector<std::string> notes() const override { return its_notes; }
  data::Record get(int64_t, std::vector<std::byte>&) const override { return {}; }

 private:
  std::vector<Sample> samples_;
  std::vector<std::string> classes_;
};

}  // namespace stoker::test
