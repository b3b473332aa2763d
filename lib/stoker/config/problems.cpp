#include "stoker/config/problems.h"

#include <algorithm>
#include <map>

#include "stoker/core/error.h"

namespace stoker::config {

namespace {

constexpr size_t kMaxShown = 50;

}  // namespace

void Problems::add(const Location& at, const std::string& path, const std::string& text) {
  list_.push_back({at, path, text});
}

void Problems::throw_if_any() const {
  if (list_.empty()) return;
  std::map<std::string, size_t> order;  // of the sources, by first mention
  for (const Problem& problem : list_) order.emplace(problem.at.source, order.size());
  std::vector<Problem> sorted = list_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Problem& a, const Problem& b) {
    const size_t a_source = order.at(a.at.source), b_source = order.at(b.at.source);
    return a_source != b_source ? a_source < b_source : a.at.line < b.at.line;
  });
  std::string message;
  for (size_t i = 0; i < std::min(sorted.size(), kMaxShown); ++i) {
    const Problem& problem = sorted[i];
    if (i > 0) message += '\n';
    if (problem.at.origin != Origin::kDefault) message += to_string(problem.at) + ": ";
    if (!problem.path.empty()) message += problem.path + ": ";
    message += problem.text;
    if (message.back() != '?') message += '.';
  }
  if (sorted.size() > kMaxShown)
    message += fmt::format("\n… and {} more.", sorted.size() - kMaxShown);
  throw ConfigError(message);
}

}  // namespace stoker::config
