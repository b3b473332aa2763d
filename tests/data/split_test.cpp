#include "stoker/data/split.h"

#include <cmath>
#include <map>
#include <set>

#include "data/files.h"
#include "data/named_dataset.h"
#include "stoker/core/error.h"
#include "stoker/data/table.h"
#include "support/catch.h"

namespace stoker::data {
namespace {

using test::message_of;
using test::NamedDataset;
using test::write;
using Keys = std::set<std::string>;

// Classes of 1, 2, 3, 5, 100 and 457 samples.
std::shared_ptr<const NamedDataset> uneven() {
  std::vector<NamedDataset::Sample> samples;
  int64_t label = 0;
  for (const int count : {1, 2, 3, 5, 100, 457}) {
    for (int i = 0; i < count; ++i) samples.push_back({fmt::format("{}/{}.png", label, i), label});
    ++label;
  }
  return std::make_shared<NamedDataset>(samples, 6);
}

Keys keys_of(const Dataset& dataset) {
  Keys keys;
  for (int64_t i = 0; i < dataset.size(); ++i) keys.insert(dataset.key(i));
  REQUIRE(std::ssize(keys) == dataset.size());
  return keys;
}

std::map<int64_t, int64_t> counts_of(const Dataset& dataset) {
  std::map<int64_t, int64_t> counts;
  for (int64_t i = 0; i < dataset.size(); ++i) ++counts[dataset.label(i)];
  return counts;
}

Keys intersection(const Keys& a, const Keys& b) {
  Keys both;
  std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
  return both;
}

// The old samples that are on another side.
size_t moved(const Keys& before_val, const Keys& before_train, const Keys& after_val,
             const Keys& after_train) {
  return intersection(before_val, after_train).size() +
         intersection(before_train, after_val).size();
}

TEST_CASE("split: training and validation are disjoint and cover the set", "[split]") {
  const auto all = uneven();
  for (const bool stratified : {true, false})
    for (const double val : {0.01, 0.1, 0.25, 0.5, 0.9})
      for (const int64_t seed : {0, 1, 2}) {
        CAPTURE(stratified, val, seed);
        const SplitOptions options{.val = val, .seed = seed, .stratified = stratified};
        const auto train = part_of(all, options, {}, Split::kTrain);
        const auto held = part_of(all, options, {}, Split::kVal);
        CHECK(train->size() + held->size() == all->size());
        CHECK(intersection(keys_of(*train), keys_of(*held)).empty());
        if (!stratified) continue;
        const auto counts = counts_of(*held);
        const auto totals = counts_of(*all);
        for (const auto& [label, n] : totals) {
          CAPTURE(label);
          const int64_t wanted =
              n < 2 ? 0 : std::clamp<int64_t>(std::llround(val * double(n)), 1, n - 1);
          CHECK((counts.contains(label) ? counts.at(label) : 0) == wanted);
        }
      }
}

TEST_CASE("split: folds partition the set, stratified ones evenly", "[split]") {
  const auto all = uneven();
  for (const bool stratified : {true, false})
    for (const int64_t count : {2, 3, 5, 10}) {
      CAPTURE(stratified, count);
      Keys seen;
      for (int64_t number = 1; number <= count; ++number) {
        const SplitOptions options{.stratified = stratified};
        const auto held = part_of(all, options, Fold{number, count}, Split::kVal);
        const auto train = part_of(all, options, Fold{number, count}, Split::kTrain);
        CHECK(train->size() + held->size() == all->size());
        const Keys keys = keys_of(*held);
        CHECK(intersection(keys, keys_of(*train)).empty());
        CHECK(intersection(keys, seen).empty());
        seen.insert(keys.begin(), keys.end());
        if (!stratified) continue;
        for (const auto& [label, n] : counts_of(*all)) {
          const auto counts = counts_of(*held);
          const int64_t found = counts.contains(label) ? counts.at(label) : 0;
          CHECK(found >= n / count);
          CHECK(found <= (n + count - 1) / count);
        }
      }
      CHECK(std::ssize(seen) == all->size());
    }
}

TEST_CASE("split: files that are added move no more old ones than the rule says", "[split]") {
  std::vector<NamedDataset::Sample> samples;
  for (int i = 0; i < 300; ++i) samples.push_back({fmt::format("a/{}.png", 3 * i), i % 3});
  const auto before = std::make_shared<NamedDataset>(samples, 3);
  for (const int added : {1, 7, 60}) {
    auto more = samples;  // new ones stand between the old ones
    for (int i = 0; i < added; ++i)
      more.insert(more.begin() + (i * 37) % std::ssize(more),
                  {fmt::format("a/new{}.png", i), i % 3});
    const auto after = std::make_shared<NamedDataset>(more, 3);
    for (const bool stratified : {true, false}) {
      CAPTURE(added, stratified);
      const auto sides = [&](const std::shared_ptr<const Dataset>& set,
                             const std::optional<Fold>& fold, Split split) {
        const SplitOptions options{.val = fold ? 0 : 0.2, .stratified = stratified};
        return keys_of(*part_of(set, options, fold, split));
      };
      const auto moves = [&](const std::optional<Fold>& fold) {
        return moved(sides(before, fold, Split::kVal), sides(before, fold, Split::kTrain),
                     sides(after, fold, Split::kVal), sides(after, fold, Split::kTrain));
      };
      CHECK(moves({}) <= size_t(stratified ? added : 0));
      // A fold has two borders.
      CHECK(moves(Fold{2, 5}) <= size_t(stratified ? 2 * added : 0));
    }
  }
}

// Values of the rule that split.h states, by Python: hashlib.sha256(b"0/cat/1.jpg").digest()[:8].
TEST_CASE("split: it is the same on every machine", "[split]") {
  std::vector<NamedDataset::Sample> samples;
  for (int i = 0; i < 20; ++i) samples.push_back({fmt::format("cat/{}.jpg", i), i % 2});
  const NamedDataset set(samples, 2);
  const auto chosen = [&](const SplitOptions& options, const std::optional<Fold>& fold) {
    std::string word;
    for (const bool is_validation : validation_samples(set, options, fold))
      word += is_validation ? 'v' : '.';
    return word;
  };
  CHECK(chosen({.val = 0.3}, {}) == ".v...vv.......v.vv..");
  CHECK(chosen({.val = 0.3, .stratified = false}, {}) == ".v...vv.........v...");
  CHECK(chosen({}, Fold{2, 4}) == "......v....v.v..v..v");
}

TEST_CASE("split: rows of one file stay together", "[split]") {
  std::vector<NamedDataset::Sample> samples;
  for (int i = 0; i < 90; ++i) samples.push_back({fmt::format("{}.png", i / 3), i / 45});
  const auto set = std::make_shared<NamedDataset>(samples, 2);
  const auto is_validation = validation_samples(*set, {.val = 0.2}, {});
  for (size_t i = 0; i < 90; i += 3) {
    CHECK(is_validation[i] == is_validation[i + 1]);
    CHECK(is_validation[i] == is_validation[i + 2]);
  }
}

TEST_CASE("split: a fold that is none is refused", "[split]") {
  CHECK(parse_fold("2/5").number == 2);
  CHECK(parse_fold("2/5").count == 5);
  for (const char* text :
       {"", "1", "1/", "/5", "0/5", "6/5", "1/1", "1/5x", "a/5", "1/5000", "-1/5"})
    CHECK_THAT(message_of<ConfigError>([&] { parse_fold(text); }),
               Catch::Contains("data.fold: read") && Catch::Contains("such as 1/5"));
}

TEST_CASE("split: of a folder, a manifest and shards, through the options", "[split]") {
  const test::TemporaryFolder folder;
  std::string manifest = "path,label\n";
  for (int i = 0; i < 20; ++i) {
    const std::string name = fmt::format("{}/{}.png", i % 2 ? "a" : "b", i);
    write(folder.path() / "all" / name, test::plain_png(4, 4, uint8_t(i)));
    manifest += fmt::format("{},{}\n", name, i % 2 ? "a" : "b");
  }
  write(folder.path() / "all/list.csv", manifest);
  DataOptions options{.format = formats().pick("image_folder"),
                      .root = (folder.path() / "all").string(),
                      .train = ".",
                      .split = {.val = 0.3}};
  const auto keys = [&](Split split) { return keys_of(*open_dataset(options, split)); };
  const Keys of_folder = keys(Split::kVal);
  CHECK(of_folder.size() == 6);
  CHECK(keys(Split::kTrain).size() == 14);
  CHECK(intersection(of_folder, keys(Split::kTrain)).empty());
  options.root = folder.path().string();  // where the set lies does not matter
  options.train = "all";
  CHECK(keys(Split::kVal) == of_folder);
  options.format = formats().pick("csv");
  options.train = "all/list.csv";
  CHECK(keys(Split::kVal) == of_folder);
  options.fold = "1/5";
  CHECK_THAT(message_of<ConfigError>([&] { keys(Split::kVal); }),
             Catch::Contains("data.fold is 1/5 and data.split.val is 0.3"));
  options.split.val = 0;
  CHECK(keys(Split::kVal).size() == 4);
}

}  // namespace
}  // namespace stoker::data
