// Quasi-random points (Sobol 1967) with the direction numbers of Joe and Kuo, "Constructing Sobol
// sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008), in the Gray
// code order of Antonov and Saleev.
//
//   Sobol points(3);
//   points.next();   // 0 0 0
//   points.next();   // 0.5 0.5 0.5
#pragma once

#include <cstdint>
#include <vector>

namespace stoker::search {

inline constexpr int kMaxSobolDimensions = 21;

class Sobol {
 public:
  // dimensions: 1 to kMaxSobolDimensions; throws ConfigError beyond. shift: of the digits of each
  // dimension, by an exclusive or; none: the published sequence, which begins at the origin.
  explicit Sobol(int dimensions, std::vector<uint32_t> shift = {});
  // In [0, 1), one a dimension; at most 2^32 points.
  std::vector<double> next();

 private:
  std::vector<std::vector<uint32_t>> directions_;  // 32 a dimension
  std::vector<uint32_t> digits_, shift_;
  uint32_t index_ = 0;
};

}  // namespace stoker::search
