#include "stoker/core/table_text.h"

#include <algorithm>

#include "stoker/core/progress_text.h"

namespace stoker {

std::string aligned(const std::vector<TextRow>& rows) {
  std::vector<int> widths;
  for (const TextRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], text_columns(row[c]));
  }
  std::string text;
  for (const TextRow& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      line += row[c];
      const int gap = widths[c] - text_columns(row[c]) + 2;
      line.append(static_cast<size_t>(gap), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace stoker
