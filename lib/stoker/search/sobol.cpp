#include "stoker/search/sobol.h"

#include <array>
#include <bit>

#include "stoker/core/error.h"

namespace stoker::search {

namespace {

constexpr int kDigits = 32;

// A row of new-joe-kuo-6: degree s and inner coefficients a of the primitive polynomial, the first
// s initial numbers. The first dimension is van der Corput's and has no row.
struct Row {
  int degree;
  uint32_t coefficients;
  std::array<uint32_t, 7> initial;
};
constexpr std::array<Row, kMaxSobolDimensions - 1> kRows{{
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
}};

std::vector<uint32_t> directions(int dimension) {
  std::vector<uint32_t> v(kDigits);
  if (dimension == 0) {
    for (int i = 0; i < kDigits; ++i) v[static_cast<size_t>(i)] = 1u << (kDigits - 1 - i);
    return v;
  }
  const Row& row = kRows[static_cast<size_t>(dimension - 1)];
  for (int i = 0; i < kDigits; ++i) {
    uint32_t& digit = v[static_cast<size_t>(i)];
    if (i < row.degree) {
      digit = row.initial[static_cast<size_t>(i)] << (kDigits - 1 - i);
      continue;
    }
    const uint32_t before = v[static_cast<size_t>(i - row.degree)];
    digit = before ^ (before >> row.degree);
    for (int k = 1; k < row.degree; ++k)
      if ((row.coefficients >> (row.degree - 1 - k)) & 1u) digit ^= v[static_cast<size_t>(i - k)];
  }
  return v;
}

}  // namespace

Sobol::Sobol(int dimensions, std::vector<uint32_t> shift)
    : digits_(static_cast<size_t>(dimensions)), shift_(std::move(shift)) {
  if (dimensions < 1 || dimensions > kMaxSobolDimensions)
    throw ConfigError(
        fmt::format("a Sobol sequence has 1 to {} keys, read {}; take --random, or fewer keys.",
                    kMaxSobolDimensions, dimensions));
  shift_.resize(static_cast<size_t>(dimensions));
  for (int d = 0; d < dimensions; ++d) directions_.push_back(directions(d));
}

std::vector<double> Sobol::next() {
  std::vector<double> point;
  for (size_t d = 0; d < digits_.size(); ++d) {
    if (index_ > 0) digits_[d] ^= directions_[d][static_cast<size_t>(std::countr_zero(index_))];
    point.push_back((digits_[d] ^ shift_[d]) * 0x1p-32);
  }
  ++index_;
  return point;
}

}  // namespace stoker::search
