#include "stoker/runs/checkpoints.h"

#include <string>

#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::runs {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

TEST_CASE("a pointer leads to a folder beside it and nowhere else", "[runs]") {
  const test::TemporaryFolder folder;
  const fs::path beside = folder.path() / "checkpoints/step-00000003";
  fs::create_directories(beside);
  fs::create_directories(folder.path() / "step-00000004");
  const fs::path pointer = folder.path() / "checkpoints/latest";
  for (const char* text : {"step-00000003", "step-00000003\n", "step-00000003 \n\n"}) {
    test::write(pointer, text);
    CHECK(follow_pointer(pointer) == beside);
  }
  for (const std::string& text :
       {""s, "\n"s, "step-00000009\n"s, ".\n"s, "..\n"s, "../step-00000004\n"s, "/\n"s,
        "step-00000003/\n"s, "step-00000003\0\n"s, "step-00000003\nstep-00000003\n"s, "\xFF\xFE"s,
        std::string(300, 'a'), std::string(5000, 'a')}) {
    CAPTURE(text);
    test::write(pointer, text);
    CHECK(follow_pointer(pointer).empty());
  }
}

}  // namespace
}  // namespace stoker::runs
