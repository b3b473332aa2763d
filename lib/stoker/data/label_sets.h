// The classes of each image of a set whose images may have any number of them.
//
//   LabelSets sets;
//   sets.add({4, 1, 4});   // image 0
//   sets[0];               // 1, 4
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace stoker::data {

class LabelSets {
 public:
  // In any order; a class that comes twice counts once.
  void add(std::vector<int32_t> classes) {
    std::ranges::sort(classes);
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    classes_.insert(classes_.end(), classes.begin(), classes.end());
    ends_.push_back(classes_.size());
  }
  int64_t size() const { return std::ssize(ends_); }
  // Ascending; holds until the next add().
  std::span<const int32_t> operator[](int64_t index) const {
    const auto i = static_cast<size_t>(index);
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::span(classes_).subspan(begin, ends_[i] - begin);
  }
  // As Dataset::label().
  int64_t first(int64_t index) const {
    const std::span<const int32_t> classes = (*this)[index];
    return classes.empty() ? 0 : classes[0];
  }

 private:
  std::vector<int32_t> classes_;
  std::vector<size_t> ends_;
};

class Dataset;

// The labels of a set's images by other numbers of the classes, -1 for those that are left out;
// nothing for a set of one label an image.
LabelSets mapped_labels(const Dataset& dataset, const std::vector<int64_t>& new_labels);

// How many images of a set have each class, by its number; one of several labels counts for each.
std::vector<int64_t> images_by_class(const Dataset& dataset);

}  // namespace stoker::data
