#include "stoker/core/error.h"

#include "support/catch.h"

using namespace stoker;

TEST_CASE("a failed check names condition, place and values") {
  const int begin = 3, end = 2;
  try {
    STOKER_CHECK(begin <= end, "begin={} end={}", begin, end);
    FAIL("nothing was thrown");
  } catch (const InternalError& error) {
    CHECK(error.exit_code() == ExitCode::kInternal);
    CHECK(std::string(error.what()).find("begin <= end") != std::string::npos);
    CHECK(std::string(error.what()).find("begin=3 end=2") != std::string::npos);
    CHECK(std::string(error.what()).find("error_test.cpp:") != std::string::npos);
  }
}

TEST_CASE("a check that holds evaluates its values not at all") {
  int evaluated = 0;
  STOKER_CHECK(true, "{}", ++evaluated);
  CHECK(evaluated == 0);
}

TEST_CASE("each error ends the process with its own code") {
  CHECK(static_cast<int>(ConfigError("x").exit_code()) == 2);
  CHECK(static_cast<int>(DataError("x").exit_code()) == 3);
  CHECK(static_cast<int>(FileError("x").exit_code()) == 3);
  CHECK(static_cast<int>(DeviceError("x").exit_code()) == 4);
  CHECK(static_cast<int>(OutOfMemory("x").exit_code()) == 5);
  CHECK(static_cast<int>(Diverged("x").exit_code()) == 6);
  CHECK(static_cast<int>(InternalError("x").exit_code()) == 70);
}
