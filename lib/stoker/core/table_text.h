// Rows of words as columns for a terminal.
//
//   aligned({{"run", "top1"}, {"a/1", "91.20%"}});
//   // run  top1
//   // a/1  91.20%
#pragma once

#include <string>
#include <vector>

namespace stoker {

using TextRow = std::vector<std::string>;

// Each row on a line of its own; two spaces between columns, which are as wide as their widest
// cell on a terminal. Rows may be shorter than the first. Cells are printable text (shown.h).
std::string aligned(const std::vector<TextRow>& rows);

}  // namespace stoker
