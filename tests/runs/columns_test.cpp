#include "stoker/runs/columns.h"

#include <set>
#include <string>

#include "support/catch.h"

using namespace stoker;

TEST_CASE("each figure has one row with a known unit, which its name tells where units do") {
  for (const char* split : {"train", "val", "memory"}) {
    std::set<std::string_view> names;
    const auto columns = split == std::string("train") ? runs::train_columns()
                         : split == std::string("val") ? runs::eval_columns()
                                                       : runs::memory_columns();
    for (const runs::Column& column : columns) {
      CAPTURE(split, column.name);
      CHECK(names.insert(column.name).second);
      CHECK_FALSE(column.what.empty());
      const runs::Unit& unit = runs::unit_of(split, column.name);
      CHECK(unit.text == column.unit);
      CHECK(column.name.ends_with(unit.suffix));
      CHECK(runs::find_column(split, column.name)->what == column.what);
    }
  }
}

TEST_CASE("a figure of another stoker has the unit that the end of its name tells") {
  CHECK(runs::find_column("train", "new_w") == nullptr);
  CHECK(runs::unit_of("train", "new_w").text == "W");
  CHECK(runs::unit_of("train", "new_gib_s").text == "GiB/s");
  CHECK(runs::unit_of("train", "apples_per_s").text.empty());
  CHECK(runs::unit_of("val", "new").text.empty());
}
