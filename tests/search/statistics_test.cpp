#include "stoker/search/statistics.h"

#include <nlohmann/json.hpp>

#include "stoker/core/file.h"
#include "support/catch.h"

using namespace stoker;
using search::spread;
using Values = std::vector<double>;

namespace {

nlohmann::json golden() { return nlohmann::json::parse(read_file("tests/golden/search.json")); }

}  // namespace

TEST_CASE("quantiles of Student's distribution are scipy's") {
  // Bisection ends at 1e-14 of the value; the continued fraction loses a few digits.
  const nlohmann::json rows = golden();
  for (const auto& row : rows.at("student"))
    CHECK(search::student_quantile(row.at("p"), row.at("degrees")) ==
          Approx(row.at("t").get<double>()).epsilon(1e-10));
}

TEST_CASE("Welch's interval is scipy's") {
  const nlohmann::json rows = golden();
  for (const auto& row : rows.at("welch")) {
    const auto half = search::welch_half_width(spread(row.at("a").get<Values>()),
                                               spread(row.at("b").get<Values>()));
    REQUIRE(half.has_value());
    CHECK(*half == Approx(row.at("half_width").get<double>()).epsilon(1e-9));
  }
}

TEST_CASE("a mean of one seed has no interval and is tied with none") {
  CHECK_FALSE(search::welch_half_width(spread(Values{1}), spread(Values{1, 2})).has_value());
  CHECK_FALSE(search::is_tied(spread(Values{1}), spread(Values{1})));
}

TEST_CASE("means within the interval are tied, equal ones without spread too") {
  CHECK(search::is_tied(spread(Values{0.90, 0.92, 0.91}), spread(Values{0.91, 0.93, 0.92})));
  CHECK_FALSE(search::is_tied(spread(Values{0.50, 0.51, 0.52}), spread(Values{0.91, 0.93, 0.92})));
  CHECK(search::is_tied(spread(Values{1, 1, 1}), spread(Values{1, 1, 1})));
  CHECK_FALSE(search::is_tied(spread(Values{1, 1, 1}), spread(Values{2, 2, 2})));
}

TEST_CASE("spread and median of few values") {
  CHECK(spread(Values{}).count == 0);
  CHECK(spread(Values{3}).deviation == 0);
  CHECK(spread(Values{1, 2, 3, 4}).deviation == Approx(1.2909944487358056));
  CHECK(search::median(Values{3, 1, 2}) == 2);
  CHECK(search::median(Values{4, 1, 2, 3}) == 2.5);
}
