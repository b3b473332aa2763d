#include "stoker/zoo/catalog.h"

#include <string>

namespace stoker::zoo {
namespace {

using Triple = std::array<double, 3>;
constexpr Triple kImagenetMean{0.485, 0.456, 0.406}, kImagenetStd{0.229, 0.224, 0.225};
constexpr Triple kHalf{0.5, 0.5, 0.5}, kZero{0, 0, 0}, kOne{1, 1, 1};
constexpr Triple kCifarMean{0.4914, 0.4822, 0.4465}, kCifarStd{0.2470, 0.2435, 0.2616};

constexpr CatalogEntry kCatalog[] = {
#include "stoker/zoo/catalog.inc"
};

// Whether all of `text` is as `pattern` says.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return matches(pattern.substr(1), text) || (!text.empty() && matches(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         matches(pattern.substr(1), text.substr(1));
}

}  // namespace

std::span<const CatalogEntry> catalog() { return kCatalog; }

std::vector<const CatalogEntry*> find_models(std::string_view pattern) {
  const bool is_glob = pattern.find_first_of("*?") != std::string_view::npos;
  std::vector<const CatalogEntry*> found;
  for (const CatalogEntry& entry : kCatalog) {
    if (is_glob ? matches(pattern, entry.name) : entry.name.find(pattern) != std::string_view::npos)
      found.push_back(&entry);
  }
  return found;
}

}  // namespace stoker::zoo
