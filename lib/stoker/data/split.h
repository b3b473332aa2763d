// Validation from a training set: which samples it gets, by a hash of their keys (Dataset::key),
// the same on every machine and whatever the order of the files.
//
//   data: {format: image_folder, root: photos, train: ., split: {val: 0.1}}
//
// The rule. h is the first eight bytes, big-endian, of the SHA-256 of "<seed>/<key>".
//  - stratified: the samples of each class, sorted by h; the first round(val * n) are validation,
//  at
//    least one and at most n - 1 of a class of two or more. k files more move at most k old ones.
//  - not stratified: a sample is validation where h < val * 2^64. Old files never move; the count
//    is val * n on average.
//  - fold i of k: of each class, sorted by h, the i-th of k equal pieces, counted from a piece that
//    a hash of the class's name chooses; not stratified: h in the i-th of k equal ranges.
// Samples of one key stay together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/data/dataset.h"

namespace stoker::data {

struct SplitOptions {
  double val = 0;  // 0: no split
  int64_t seed = 0;
  bool stratified = true;
};
void describe(SplitOptions& options, config::Fields& fields);

// One of `count` parts, from 1.
struct Fold {
  int64_t number = 1, count = 1;
};
// "2/5"; throws ConfigError naming data.fold.
Fold parse_fold(const std::string& text);

// By sample, whether it is validation.
std::vector<bool> validation_samples(const Dataset& dataset, const SplitOptions& options,
                                     const std::optional<Fold>& fold);

// The part of the set that is for validation, or the rest. Throws DataError for an empty part.
std::shared_ptr<const Dataset> part_of(std::shared_ptr<const Dataset> dataset,
                                       const SplitOptions& options, const std::optional<Fold>& fold,
                                       Split split);

}  // namespace stoker::data
