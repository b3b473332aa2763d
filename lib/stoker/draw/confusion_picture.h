// A confusion matrix as a picture: a row a true class, a column a predicted one, with names and
// counts as far as they can be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stoker::draw {

// counts: [true][predicted], as many rows and columns as names, at least one. A cell is the darker
// the larger its share of its row: right ones (the diagonal) in blue, wrong ones in red. A PNG.
// With more than some 40 classes the counts are left out, with more than some 200 the names.
std::vector<std::byte> confusion_picture(const std::vector<std::string>& names,
                                         const std::vector<std::vector<int64_t>>& counts);

}  // namespace stoker::draw
