#include "stoker/data/split.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "stoker/core/parallel.h"
#include "stoker/data/decorator.h"

namespace stoker::data {
namespace {

constexpr int64_t kMostFolds = 1000;

uint64_t hash_of(int64_t seed, const std::string& key) {
  const std::string hex = sha256_hex(as_bytes(fmt::format("{}/{}", seed, key)));
  uint64_t hash = 0;
  std::from_chars(hex.data(), hex.data() + 16, hash, 16);
  return hash;
}

// floor(hash * parts / 2^64), for fewer than 2^32 parts.
int64_t range_of(uint64_t hash, int64_t parts) {
  const auto k = static_cast<uint64_t>(parts);
  const uint64_t low = (hash & 0xffffffff) * k >> 32;
  return static_cast<int64_t>(((hash >> 32) * k + low) >> 32);
}

// h < val * 2^64, without the rounding of 2^64 itself.
bool is_below(uint64_t hash, double val) {
  return static_cast<long double>(hash) < std::ldexp(static_cast<long double>(val), 64);
}

std::vector<uint64_t> hashes_of(const Dataset& dataset, int64_t seed) {
  std::vector<uint64_t> hashes(static_cast<size_t>(dataset.size()));
  constexpr int64_t kPiece = 4096;
  parallel_for((dataset.size() + kPiece - 1) / kPiece, usable_cpus(), [&](int64_t piece) {
    const int64_t end = std::min(dataset.size(), (piece + 1) * kPiece);
    for (int64_t i = piece * kPiece; i < end; ++i)
      hashes[static_cast<size_t>(i)] = hash_of(seed, dataset.key(i));
  });
  return hashes;
}

std::vector<std::vector<int64_t>> samples_by_class(const Dataset& dataset) {
  std::vector<std::vector<int64_t>> classes(dataset.class_names().size());
  for (int64_t i = 0; i < dataset.size(); ++i)
    classes[static_cast<size_t>(dataset.label(i))].push_back(i);
  return classes;
}

// Of n samples of a class, how many are for validation.
int64_t validation_count(double val, int64_t n) {
  if (n < 2) return 0;
  return std::clamp<int64_t>(std::llround(val * static_cast<double>(n)), 1, n - 1);
}

class Subset : public Decorator {
 public:
  Subset(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> samples)
      : Decorator(std::move(dataset)), samples_(std::move(samples)) {}

  int64_t size() const override { return std::ssize(samples_); }
  std::string name(int64_t index) const override { return inner().name(at(index)); }
  std::string key(int64_t index) const override { return inner().key(at(index)); }
  std::string recipe(int64_t index) const override { return inner().recipe(at(index)); }
  int64_t label(int64_t index) const override { return inner().label(at(index)); }
  std::span<const int32_t> labels(int64_t index) const override {
    return inner().labels(at(index));
  }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return inner().get(at(index), scratch);
  }
  void confirm(int64_t index) const override { inner().confirm(at(index)); }
  void verify(int64_t index) const override { inner().verify(at(index)); }

 private:
  int64_t at(int64_t index) const { return samples_[static_cast<size_t>(index)]; }

  std::vector<int64_t> samples_;
};

}  // namespace

void describe(SplitOptions& o, config::Fields& fields) {
  fields("val", o.val, "share of data.train that becomes validation, in place of data.val; 0: none")
      .at_least(0)
      .at_most(0.9);
  fields("seed", o.seed, "another seed chooses other images").at_least(0);
  fields("stratified", o.stratified,
         "the share holds in every class, exactly; false: on average, and no image moves when "
         "others are added");
}

Fold parse_fold(const std::string& text) {
  Fold fold;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, fold.number);
  const bool has_slash = number.ec == std::errc() && number.ptr != end && *number.ptr == '/';
  const auto count = std::from_chars(has_slash ? number.ptr + 1 : end, end, fold.count);
  if (!has_slash || count.ec != std::errc() || count.ptr != end || fold.count < 2 ||
      fold.count > kMostFolds || fold.number < 1 || fold.number > fold.count)
    throw ConfigError(
        fmt::format("data.fold: read \"{}\", expected the number of a fold from 1 and how many "
                    "there are, from 2 to {}, such as 1/5.",
                    text, kMostFolds));
  return fold;
}

std::vector<bool> validation_samples(const Dataset& dataset, const SplitOptions& options,
                                     const std::optional<Fold>& fold) {
  const std::vector<uint64_t> hashes = hashes_of(dataset, options.seed);
  std::vector<bool> chosen(hashes.size());
  if (!options.stratified) {
    for (size_t i = 0; i < hashes.size(); ++i)
      chosen[i] = fold ? range_of(hashes[i], fold->count) == fold->number - 1
                       : is_below(hashes[i], options.val);
    return chosen;
  }
  std::vector<std::vector<int64_t>> classes = samples_by_class(dataset);
  for (size_t c = 0; c < classes.size(); ++c) {
    std::vector<int64_t>& samples = classes[c];
    const auto hash = [&](int64_t sample) { return hashes[static_cast<size_t>(sample)]; };
    std::ranges::sort(samples, {}, [&](int64_t i) { return std::pair(hash(i), i); });
    const auto n = std::ssize(samples);
    const int64_t first_piece =
        fold ? range_of(hash_of(options.seed, dataset.class_names()[c]), fold->count) : 0;
    int64_t rank = 0;  // of the first sample with this hash
    for (int64_t i = 0; i < n; ++i) {
      const int64_t sample = samples[static_cast<size_t>(i)];
      if (i > 0 && hash(sample) != hash(samples[static_cast<size_t>(i - 1)])) rank = i;
      // Pieces are [floor(p * n / count), floor((p + 1) * n / count)).
      chosen[static_cast<size_t>(sample)] =
          fold
              ? (((rank + 1) * fold->count - 1) / n + first_piece) % fold->count == fold->number - 1
              : rank < validation_count(options.val, n);
    }
  }
  return chosen;
}

std::shared_ptr<const Dataset> part_of(std::shared_ptr<const Dataset> dataset,
                                       const SplitOptions& options, const std::optional<Fold>& fold,
                                       Split split) {
  const std::vector<bool> is_validation = validation_samples(*dataset, options, fold);
  std::vector<int64_t> samples;
  for (size_t i = 0; i < is_validation.size(); ++i)
    if (is_validation[i] == (split == Split::kVal)) samples.push_back(static_cast<int64_t>(i));
  if (samples.empty())
    throw DataError(fmt::format(
        "{} leaves no image to {}: data.train has {} in {} classes; expected two or more of a "
        "class",
        fold ? "data.fold" : "data.split", split == Split::kVal ? "evaluate on" : "train on",
        dataset->size(), dataset->class_names().size()));
  return std::make_shared<Subset>(std::move(dataset), std::move(samples));
}

}  // namespace stoker::data
