#include "stoker/bench/operators.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace stoker::bench {

namespace {

// Walks the events of a thread in the order of their beginnings, with the calls that are open.
class Walk {
 public:
  explicit Walk(std::map<std::string, OperatorRow>& rows) : rows_(rows) {}

  void enter(const OperatorEvent& event) {
    leave_those_before(event.begin_ns, event.is_memory);
    if (event.is_memory) {
      if (!open_.empty() && event.bytes > 0) open_.back().row->allocated_bytes += event.bytes;
      return;
    }
    OperatorRow& row = rows_[event.name];
    row.name = event.name;
    ++row.calls;
    const double took_s = 1e-9 * static_cast<double>(event.end_ns - event.begin_ns);
    const bool is_recursion =
        std::ranges::any_of(open_, [&row](const Open& open) { return open.row == &row; });
    if (!is_recursion) row.total_s += took_s;
    row.self_s += took_s;
    if (!open_.empty()) open_.back().row->self_s -= took_s;
    open_.push_back({&row, event.end_ns});
  }

 private:
  struct Open {
    OperatorRow* row = nullptr;
    int64_t end_ns = 0;
  };

  // A call that ends at the very moment has ended, but owns what is allocated then.
  void leave_those_before(int64_t now_ns, bool is_memory) {
    while (!open_.empty() &&
           (open_.back().end_ns < now_ns || (open_.back().end_ns == now_ns && !is_memory))) {
      open_.pop_back();
    }
  }

  std::map<std::string, OperatorRow>& rows_;
  std::vector<Open> open_;
};

}  // namespace

std::vector<OperatorRow> operator_rows(std::vector<OperatorEvent> events) {
  std::ranges::sort(events, {}, [](const OperatorEvent& event) {
    return std::tuple(event.thread, event.begin_ns, -event.end_ns, event.is_memory);
  });
  std::map<std::string, OperatorRow> by_name;
  for (auto first = events.begin(); first != events.end();) {
    Walk walk(by_name);
    const int64_t thread = first->thread;
    for (; first != events.end() && first->thread == thread; ++first) walk.enter(*first);
  }
  std::vector<OperatorRow> rows;
  for (auto& [name, row] : by_name) rows.push_back(std::move(row));
  std::ranges::stable_sort(rows, std::greater(), &OperatorRow::self_s);
  return rows;
}

int64_t covered_ns(std::vector<OperatorEvent> events) {
  std::ranges::sort(events, {}, &OperatorEvent::begin_ns);
  int64_t covered = 0, until = INT64_MIN;
  for (const OperatorEvent& event : events) {
    const int64_t begin = std::max(event.begin_ns, until);
    covered += std::max<int64_t>(event.end_ns - begin, 0);
    until = std::max(until, event.end_ns);
  }
  return covered;
}

}  // namespace stoker::bench
