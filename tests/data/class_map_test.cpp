#include "stoker/data/class_map.h"

#include "data/named_dataset.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/thrown.h"

using namespace stoker;
using stoker::test::message_of;
using stoker::test::NamedDataset;

namespace {

using Words = std::vector<std::string>;

std::shared_ptr<const data::Dataset> animals() {
  return std::make_shared<NamedDataset>(
      std::vector<NamedDataset::Sample>{
          {"w1", 0}, {"f1", 1}, {"r1", 2}, {"x1", 3}, {"w2", 0}, {"r2", 2}},
      Words{"wren", "fox", "robin", "unclear"});
}

// "w1 bird, f1 fox", say.
std::string contents(const data::Dataset& dataset) {
  std::string text;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    text += (i > 0 ? ", " : "") + dataset.key(i) + " " +
            dataset.class_names()[static_cast<size_t>(dataset.label(i))];
  }
  return text;
}

std::string refusal(const Words& ignore, const Words& merge) {
  return message_of<ConfigError>([&] { data::map_classes(animals(), ignore, merge); });
}

}  // namespace

TEST_CASE("classes are left out with their samples") {
  const auto set = data::map_classes(animals(), {"unclear", "wren"}, {});
  CHECK(set->class_names() == Words{"fox", "robin"});
  CHECK(contents(*set) == "f1 fox, r1 robin, r2 robin");
  const auto plain = animals();
  CHECK(data::map_classes(plain, {}, {}) == plain);
}

TEST_CASE("classes become one, where the first of them stood, and get new names") {
  const auto set = data::map_classes(animals(), {"unclear"}, {"bird = robin,wren"});
  CHECK(set->class_names() == Words{"bird", "fox"});
  CHECK(contents(*set) == "w1 bird, f1 fox, r1 bird, w2 bird, r2 bird");
  CHECK(data::map_classes(animals(), {}, {"wren=robin", "dog = fox"})->class_names() ==
        Words{"wren", "dog", "unclear"});
}

TEST_CASE("a validation set may lack classes, and has the others mapped alike") {
  const Words ignore{"unclear", "owl"}, merge{"bird = hawk, wren"};
  CHECK_THROWS_AS(data::map_classes(animals(), ignore, {}), ConfigError);
  const auto set = data::map_classes(animals(), ignore, merge, /*may_lack=*/true);
  CHECK(set->class_names() == Words{"bird", "fox", "robin"});
}

TEST_CASE("mistakes that no data set cures are refused without one") {
  CHECK_NOTHROW(data::check_class_map({"unclear"}, {"bird = robin, wren"}));
  CHECK_THROWS_AS(data::check_class_map({}, {"bird"}), ConfigError);
  CHECK_THROWS_AS(data::check_class_map({"fox"}, {"dog = fox"}), ConfigError);
}

TEST_CASE("mistakes in maps of classes are refused") {
  CHECK_THAT(refusal({"wrem"}, {}), Catch::Contains("no class \"wrem\"") &&
                                        Catch::Contains("[wren, fox, robin, unclear]"));
  CHECK_THAT(refusal({}, {"bird = wrem"}), Catch::Contains("data.merge_classes"));
  CHECK_THAT(refusal({"fox"}, {"dog = fox"}), Catch::Contains("named twice"));
  CHECK_THAT(refusal({}, {"a = fox", "b = fox"}), Catch::Contains("named twice"));
  for (const char* entry : {"bird", "= fox", "dog =", "dog = fox,", ""})
    CHECK_THAT(refusal({}, {entry}), Catch::Contains("such as \"bird = robin, wren\""));
  CHECK_THAT(refusal({"wren", "fox", "robin", "unclear"}, {}), Catch::Contains("none of the 6"));
}
