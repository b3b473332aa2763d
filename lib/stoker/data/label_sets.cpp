#include "stoker/data/label_sets.h"

#include <utility>

#include "stoker/data/dataset.h"

namespace stoker::data {

LabelSets mapped_labels(const Dataset& dataset, const std::vector<int64_t>& new_labels) {
  LabelSets sets;
  if (!dataset.is_multilabel()) return sets;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    std::vector<int32_t> mapped;
    for (const int32_t label : dataset.labels(i)) {
      const int64_t now = new_labels[static_cast<size_t>(label)];
      if (now >= 0) mapped.push_back(static_cast<int32_t>(now));
    }
    sets.add(std::move(mapped));
  }
  return sets;
}

std::vector<int64_t> images_by_class(const Dataset& dataset) {
  std::vector<int64_t> counts(dataset.class_names().size());
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (!dataset.is_multilabel()) ++counts[static_cast<size_t>(dataset.label(i))];
    for (const int32_t label : dataset.labels(i)) ++counts[static_cast<size_t>(label)];
  }
  return counts;
}

}  // namespace stoker::data
