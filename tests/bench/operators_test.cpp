#include "stoker/bench/operators.h"

#include "support/catch.h"

using namespace stoker;
using bench::OperatorEvent;
using bench::OperatorRow;

namespace {

OperatorEvent call(const char* name, int64_t begin_ns, int64_t end_ns, int64_t thread = 1) {
  return {.name = name, .thread = thread, .begin_ns = begin_ns, .end_ns = end_ns};
}

OperatorEvent allocation(int64_t at_ns, int64_t bytes, int64_t thread = 1) {
  return {.name = "[memory]",
          .thread = thread,
          .begin_ns = at_ns,
          .end_ns = at_ns,
          .bytes = bytes,
          .is_memory = true};
}

const OperatorRow& row(const std::vector<OperatorRow>& rows, const std::string& name) {
  for (const OperatorRow& row : rows)
    if (row.name == name) return row;
  throw std::runtime_error("no row " + name);
}

constexpr double kNs = 1e-9;

}  // namespace

TEST_CASE("self time leaves out what is called, and rows are sorted by it") {
  const auto rows = bench::operator_rows(
      {call("conv", 0, 100), call("pad", 10, 30), call("gemm", 30, 90), call("add", 100, 120)});
  REQUIRE(rows.size() == 4);
  CHECK(row(rows, "conv").total_s == Approx(100 * kNs));
  CHECK(row(rows, "conv").self_s == Approx(20 * kNs));
  CHECK(row(rows, "gemm").self_s == Approx(60 * kNs));
  CHECK(row(rows, "add").self_s == Approx(20 * kNs));  // begins where conv ends
  CHECK(rows[0].name == "gemm");
  double sum_s = 0;
  for (const OperatorRow& each : rows) sum_s += each.self_s;
  CHECK(sum_s == Approx(120 * kNs));
}

TEST_CASE("calls of one operator are summed, recursion once") {
  const auto rows = bench::operator_rows(
      {call("copy", 0, 50), call("copy", 10, 40), call("copy", 60, 70), call("copy", 5, 9, 2)});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].calls == 4);
  CHECK(rows[0].total_s == Approx((50 + 10 + 4) * kNs));
  CHECK(rows[0].self_s == Approx((50 + 10 + 4) * kNs));
}

TEST_CASE("memory belongs to the innermost call of its thread") {
  const auto rows = bench::operator_rows(
      {call("conv", 0, 100), call("empty", 10, 20), allocation(15, 1000), allocation(50, 64),
       allocation(100, 8), allocation(60, -5000), allocation(500, 77), allocation(15, 3, 2)});
  CHECK(row(rows, "empty").allocated_bytes == 1000);
  CHECK(row(rows, "conv").allocated_bytes == 72);
  CHECK(row(rows, "conv").calls == 1);
  CHECK(rows.size() == 2);
}

TEST_CASE("no events make no rows") { CHECK(bench::operator_rows({}).empty()); }

TEST_CASE("overlapping intervals are covered once") {
  CHECK(bench::covered_ns({}) == 0);
  CHECK(bench::covered_ns(
            {call("b", 30, 60), call("a", 0, 40), call("c", 10, 20), call("d", 100, 101)}) == 61);
}
