#include "stoker/data/relabelled.h"

#include <map>

#include "stoker/core/error.h"
#include "stoker/core/shown_list.h"
#include "stoker/data/decorator.h"
#include "stoker/data/label_sets.h"

namespace stoker::data {

namespace {

class Relabelled : public Decorator {
 public:
  Relabelled(std::shared_ptr<const Dataset> dataset, std::vector<std::string> class_names,
             std::vector<int64_t> new_labels)
      : Decorator(std::move(dataset)),
        class_names_(std::move(class_names)),
        new_labels_(std::move(new_labels)),
        labels_(mapped_labels(inner(), new_labels_)) {}

  int64_t label(int64_t index) const override {
    if (is_multilabel()) return labels_.first(index);
    return new_labels_[static_cast<size_t>(inner().label(index))];
  }
  std::span<const int32_t> labels(int64_t index) const override {
    return is_multilabel() ? labels_[index] : std::span<const int32_t>();
  }
  const std::vector<std::string>& class_names() const override { return class_names_; }

 private:
  std::vector<std::string> class_names_;
  std::vector<int64_t> new_labels_;  // by the data set's own label
  LabelSets labels_;                 // of a set with several an image
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
                    shown_list(unknown), shown_list(class_names)));
  }
  return std::make_shared<Relabelled>(std::move(dataset), std::move(class_names),
                                      std::move(new_labels));
}

}  // namespace stoker::data
