#include "stoker/data/balanced.h"

#include <map>

#include "support/catch.h"

using namespace stoker;

namespace {

// 12 samples of "a", 3 of "b", none of "c" and 1 of "d".
class Uneven final : public data::Dataset {
 public:
  int64_t size() const override { return 16; }
  std::string name(int64_t index) const override { return "s" + std::to_string(index); }
  int64_t label(int64_t index) const override { return index < 12 ? 0 : index < 15 ? 1 : 3; }
  const std::vector<std::string>& class_names() const override { return names_; }
  data::Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    scratch.assign(3, static_cast<std::byte>(index));
    data::Record record;
    record.pixels = {reinterpret_cast<const uint8_t*>(scratch.data()), 1, 1, 3, 3};
    return record;
  }

 private:
  std::vector<std::string> names_{"a", "b", "c", "d"};
};

std::map<int64_t, int64_t> classes_of(const data::Dataset& dataset) {
  std::map<int64_t, int64_t> counts;
  for (int64_t i = 0; i < dataset.size(); ++i) ++counts[dataset.label(i)];
  return counts;
}

using Counts = std::map<int64_t, int64_t>;

}  // namespace

TEST_CASE("balance repeats the samples of rare classes") {
  const auto plain = std::make_shared<Uneven>();
  CHECK(data::balanced(plain, 0) == plain);
  CHECK(classes_of(*data::balanced(plain, 1)) == Counts{{0, 12}, {1, 12}, {3, 12}});
  CHECK(classes_of(*data::balanced(plain, 0.5)) == Counts{{0, 12}, {1, 6}, {3, 3}});
}

TEST_CASE("each sample of a class comes as often as any other, or once more") {
  const auto set = data::balanced(std::make_shared<Uneven>(), 0.9);
  std::map<std::string, int64_t> times;
  std::vector<std::byte> scratch;
  for (int64_t i = 0; i < set->size(); ++i) {
    ++times[set->name(i)];
    // The record, the name and the label are of the same sample.
    const data::Record record = set->get(i, scratch);
    CHECK("s" + std::to_string(record.pixels.pixels[0]) == set->name(i));
  }
  CHECK(times.size() == 16);
  const auto [least, most] = std::minmax({times["s12"], times["s13"], times["s14"]});
  CHECK(most - least <= 1);
  CHECK(times["s0"] == 1);
}
