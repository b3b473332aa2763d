#include "stoker/core/unchanged_files.h"

#include <fstream>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "support/thrown.h"

using namespace stoker;
namespace fs = std::filesystem;

TEST_CASE("files that stay as they are pass, one that changes is named") {
  const test::TemporaryFolder folder;
  const std::vector<fs::path> paths{folder.path() / "a", folder.path() / "b"};
  for (const fs::path& path : paths) std::ofstream(path) << "content";
  const auto changed_by = [&](const auto& change) {
    const UnchangedFiles files(paths);
    files.check();
    change();
    return test::message_of<DataError>([&] { files.check(); });
  };
  CHECK(changed_by([] {}).empty());
  CHECK(changed_by([&] { fs::resize_file(paths[1], 3); }).starts_with(paths[1].string()));
  CHECK(changed_by([&] {
          std::ofstream(paths[0], std::ios::app) << "x";
        }).starts_with(paths[0].string()));
  // Of the same size, but written later.
  CHECK(changed_by([&] {
          const auto time = fs::last_write_time(paths[0]);
          std::ofstream(paths[0]) << "tnetnocx";
          fs::last_write_time(paths[0], time + std::chrono::milliseconds(1));
        }).starts_with(paths[0].string()));
  CHECK(changed_by([&] { fs::remove(paths[1]); }).starts_with(paths[1].string()));
  CHECK_THROWS_AS(UnchangedFiles(paths), FileError);
}
