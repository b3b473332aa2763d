#include "stoker/data/balanced.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "stoker/data/decorator.h"

namespace stoker::data {

namespace {

class Balanced : public Decorator {
 public:
  Balanced(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> samples)
      : Decorator(std::move(dataset)), samples_(std::move(samples)) {}

  int64_t size() const override { return std::ssize(samples_); }
  std::string name(int64_t index) const override { return Decorator::name(sample(index)); }
  std::string key(int64_t index) const override { return Decorator::key(sample(index)); }
  std::string recipe(int64_t index) const override { return Decorator::recipe(sample(index)); }
  int64_t label(int64_t index) const override { return Decorator::label(sample(index)); }
  std::span<const int32_t> labels(int64_t index) const override {
    return Decorator::labels(sample(index));
  }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return Decorator::get(sample(index), scratch);
  }
  void confirm(int64_t index) const override { Decorator::confirm(sample(index)); }
  void verify(int64_t index) const override { Decorator::verify(sample(index)); }

 private:
  int64_t sample(int64_t index) const { return samples_[static_cast<size_t>(index)]; }

  std::vector<int64_t> samples_;  // of the inner set, those of rare classes several times
};

}  // namespace

std::shared_ptr<const Dataset> balanced(std::shared_ptr<const Dataset> dataset, double balance) {
  if (balance == 0) return dataset;
  std::vector<std::vector<int64_t>> by_class(dataset->class_names().size());
  for (int64_t i = 0; i < dataset->size(); ++i) {
    by_class[static_cast<size_t>(dataset->label(i))].push_back(i);
  }
  size_t most = 0;
  for (const auto& members : by_class) most = std::max(most, members.size());
  std::vector<int64_t> samples;
  for (const auto& members : by_class) {
    if (members.empty()) continue;
    const auto own = static_cast<double>(members.size());
    const double wanted = own * std::pow(static_cast<double>(most) / own, balance);
    for (int64_t i = 0; i < std::llround(wanted); ++i) {
      samples.push_back(members[static_cast<size_t>(i) % members.size()]);
    }
  }
  std::ranges::sort(samples);  // neighbours on the disk stay neighbours
  return std::make_shared<Balanced>(std::move(dataset), std::move(samples));
}

}  // namespace stoker::data
