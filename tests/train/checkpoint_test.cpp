#include "stoker/train/checkpoint.h"

#include "support/catch.h"
#include "support/temporary.h"
#include "train/contents.h"

using namespace stoker;
using namespace stoker::train;
using namespace stoker::test;
namespace fs = std::filesystem;

TEST_CASE("a checkpoint reads back what was written") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "step-00000007";
  write_checkpoint(real_file_system(), path, content(7));
  CHECK(same(read_checkpoint(runs::WholeCheckpoint(path)), content(7)));
  CHECK(names_in(path) == std::set<std::string>{"model.safetensors", "optimizer.safetensors",
                                                "state.json", "config.yaml", "manifest.json"});
  CHECK(names_in(folder.path()) == std::set<std::string>{"step-00000007"});
}

TEST_CASE("damage to any file of a checkpoint is told with the file's name") {
  for (const std::string name :
       {"model.safetensors", "optimizer.safetensors", "state.json", "config.yaml"}) {
    const test::TemporaryFolder folder;
    const fs::path path = folder.path() / "step-00000001";
    write_checkpoint(real_file_system(), path, content(1));
    flip_a_byte(path / name);
    CHECK_THROWS_WITH(read_checkpoint(runs::WholeCheckpoint(path)),
                      Catch::Contains(name) && Catch::Contains("damaged"));
    fs::remove_all(path);
    write_checkpoint(real_file_system(), path, content(1));
    fs::remove(path / name);
    CHECK_THROWS_WITH(read_checkpoint(runs::WholeCheckpoint(path)), Catch::Contains(name));
  }
}

TEST_CASE("a manifest that is no JSON, of another format, or incomplete is refused") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "step-00000001";
  write_checkpoint(real_file_system(), path, content(1));
  for (const char* text :
       {"", "{", "[]", R"({"format": "other-2", "files": {}})", "{}",
        R"({"format": "stoker-checkpoint-2"})", R"({"format": "stoker-checkpoint-2", "files": []})",
        R"({"format": "stoker-checkpoint-2", "files": {"model.safetensors": 1}})",
        R"({"format": "stoker-checkpoint-2",
                               "files": {"model.safetensors": {"size_bytes": 1}}})",
        R"({"format": "stoker-checkpoint-2",
                               "files": {"model.safetensors": {"xxh3_128": "0"}}})"}) {
    CAPTURE(text);
    std::ofstream(path / "manifest.json") << text;
    CHECK_THROWS_AS(read_checkpoint(runs::WholeCheckpoint(path)), DataError);
  }
}
