#include "stoker/data/relabelled.h"

#include <fmt/ranges.h>

#include <map>

#include "stoker/core/error.h"

namespace stoker::data {

namespace {

class Relabelled : public Dataset {
 public:
  Relabelled(std::shared_ptr<const Dataset> dataset, std::vector<std::string> class_names,
             std::vector<int64_t> new_labels)
      : dataset_(std::move(dataset)),
        class_names_(std::move(class_names)),
        new_labels_(std::move(new_labels)) {}

  int64_t size() const override { return dataset_->size(); }
  std::string name(int64_t index) const override { return dataset_->name(index); }
  int64_t label(int64_t index) const override { return new_labels_[dataset_->label(index)]; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t kept_bytes_estimate() const override { return dataset_->kept_bytes_estimate(); }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return dataset_->get(index, scratch);
  }
  void confirm(int64_t index) const override { dataset_->confirm(index); }

 private:
  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::string> class_names_;
  std::vector<int64_t> new_labels_;  // by the data set's own label
};

}  // namespace

std::shared_ptr<const Dataset> relabel(std::shared_ptr<const Dataset> dataset,
                                       std::vector<std::string> class_names) {
  if (dataset->class_names() == class_names) return dataset;
  std::map<std::string, int64_t> labels;
  for (const std::string& name : class_names) labels.emplace(name, std::ssize(labels));
  std::vector<int64_t> new_labels;
  std::vector<std::string> unknown;
  for (const std::string& name : dataset->class_names()) {
    const auto found = labels.find(name);
    if (found == labels.end()) {
      unknown.push_back(name);
    } else {
      new_labels.push_back(found->second);
    }
  }
  if (!unknown.empty()) {
    throw DataError(
        fmt::format("the data set has classes that the model was not trained on: {}. It knows: {}",
                    fmt::join(unknown, ", "), fmt::join(class_names, ", ")));
  }
  return std::make_shared<Relabelled>(std::move(dataset), std::move(class_names),
                                      std::move(new_labels));
}

}  // namespace stoker::data
