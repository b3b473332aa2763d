#include "stoker/sweep/config_check.h"

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using Lists = std::vector<std::vector<std::string>>;

TEST_CASE("each list of overrides has an answer") {
  const auto checked =
      sweep::check_configs({FAKE_TRAINER}, "any.yaml", Lists{{}, {"bad=1"}, {"a=1"}});
  REQUIRE(checked.size() == 3);
  CHECK(checked[0].problems.empty());
  CHECK(checked[0].number("train.epochs") == 4);
  CHECK(checked[0].text("name") == "fake");
  CHECK_FALSE(checked[0].text("train.nothing").has_value());
  CHECK_FALSE(checked[0].text("train").has_value());
  CHECK_THAT(checked[1].problems, Catch::Contains("unknown key"));
}

TEST_CASE("a check that fails as a whole says why") {
  const std::vector<std::string> failing{"/bin/sh", "-c",
                                         "echo 'stoker: configuration: a.yaml: no such file.' >&2; "
                                         "exit 2"};
  CHECK_THROWS_WITH(sweep::check_configs(failing, "a.yaml", Lists{{}}), "a.yaml: no such file.");
  CHECK_THROWS_AS(sweep::check_configs({"/bin/true"}, "a.yaml", Lists{{}}), Error);
}
