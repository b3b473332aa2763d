#include "stoker/train/options.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::train;

TEST_CASE("durations are read with their unit") {
  CHECK(parse_duration_s("90", "k") == 90);
  CHECK(parse_duration_s("90s", "k") == 90);
  CHECK(parse_duration_s("1.5m", "k") == 90);
  CHECK(parse_duration_s("2h", "k") == 7200);
  CHECK(parse_duration_s("0.5d", "k") == 43200);
}

TEST_CASE("what is no duration is refused with the key's name") {
  for (const char* text : {"", "m", "-3s", "0", "3 weeks", "nan", "1e", "5mm"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_duration_s(text, "train.max_time"),
                      Catch::Contains("train.max_time") && Catch::Contains("30m"));
  }
}
