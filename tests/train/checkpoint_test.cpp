#include "stoker/train/checkpoint.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <fstream>
#include <set>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::train;
namespace fs = std::filesystem;

namespace {

CheckpointContent content(int64_t step, double top1 = 0.5) {
  return {.model = {{"conv.weight", at::full({2, 3, 5}, static_cast<double>(step))},
                    {"bn.num_batches_tracked", at::arange(1)}},
          .optimizer = {{"momentum/conv.weight", at::arange(30).to(at::kFloat).reshape({2, 3, 5})}},
          .state_json = fmt::format(R"({{"step": {}, "metrics": {{"val.top1": {}}}}})", step, top1),
          .config_yaml = "name: a\n"};
}

bool same(const CheckpointContent& a, const CheckpointContent& b) {
  for (const auto& [x, y] :
       {std::pair{&a.model, &b.model}, std::pair{&a.optimizer, &b.optimizer}}) {
    if (x->size() != y->size()) return false;
    std::map<std::string, at::Tensor> named(y->begin(), y->end());
    for (const auto& [name, tensor] : *x) {
      if (!named.count(name) || !tensor.equal(named[name])) return false;
    }
  }
  return a.state_json == b.state_json && a.config_yaml == b.config_yaml;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

void flip_a_byte(const fs::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-1, std::ios::end);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(-1, std::ios::end);
  file.put(byte);
}

}  // namespace

TEST_CASE("a checkpoint reads back what was written") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "step-00000007";
  write_checkpoint(real_file_system(), path, content(7));
  CHECK(same(read_checkpoint(path), content(7)));
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
    CHECK_THROWS_WITH(read_checkpoint(path), Catch::Contains(name) && Catch::Contains("damaged"));
    write_checkpoint(real_file_system(), path, content(1));
    fs::remove(path / name);
    CHECK_THROWS_WITH(read_checkpoint(path), Catch::Contains(name));
  }
}

TEST_CASE("a manifest that is no JSON, or of another format, is refused") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "step-00000001";
  write_checkpoint(real_file_system(), path, content(1));
  for (const char* text : {"", "{", "[]", R"({"format": "other-2", "files": {}})", "{}"}) {
    CAPTURE(text);
    std::ofstream(path / "manifest.json") << text;
    CHECK_THROWS_AS(read_checkpoint(path), DataError);
  }
}

TEST_CASE("the store keeps the last and the best, and points to them") {
  const test::TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  const CheckpointStore::Keep keep{.last = 2, .best = 1};
  const std::vector<double> top1{0.1, 0.9, 0.3, 0.4, 0.9, 0.2};
  for (int64_t step = 1; step <= 6; ++step) {
    store.save(step, content(step, top1[step - 1]), keep);
  }
  // Of the equally good 2 and 5, the later.
  CHECK(names_in(folder.path()) ==
        std::set<std::string>{"step-00000005", "step-00000006", "latest", "best"});
  CHECK(resolve_checkpoint(folder.path() / "latest", false).filename() == "step-00000006");
  CHECK(resolve_checkpoint(folder.path() / "best", false).filename() == "step-00000005");
  CHECK(resolve_checkpoint(folder.path(), true).filename() == "step-00000005");
  CHECK(resolve_checkpoint(folder.path(), false).filename() == "step-00000006");
  CHECK(store.newest_whole().filename() == "step-00000006");
}

TEST_CASE("a lower loss is better") {
  const test::TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  for (int64_t step = 1; step <= 3; ++step) {
    CheckpointContent saved = content(step);
    saved.state_json = fmt::format(R"({{"metrics": {{"val.loss": {}}}}})", step == 2 ? 0.1 : 0.7);
    store.save(step, saved, {.last = 1, .best = 1, .monitor = "val.loss"});
  }
  CHECK(resolve_checkpoint(folder.path() / "best", false).filename() == "step-00000002");
}

TEST_CASE("a damaged newest checkpoint is passed over for the one before") {
  const test::TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  store.save(1, content(1), {});
  const fs::path newest = store.save(2, content(2), {});
  flip_a_byte(newest / "optimizer.safetensors");
  CHECK(store.newest_whole().filename() == "step-00000001");
}

TEST_CASE("a save that fails at any operation leaves a whole checkpoint to go on from") {
  int64_t operations = 0;
  {
    const test::TemporaryFolder folder;
    test::FaultyFiles counting(real_file_system());
    CheckpointStore store(counting, folder.path());
    store.save(1, content(1), {.last = 1, .best = 0});
    const int64_t before = counting.operations();
    store.save(2, content(2), {.last = 1, .best = 0});
    operations = counting.operations() - before;
  }
  REQUIRE(operations > 20);
  using Kind = test::Fault::Kind;
  for (const Kind kind : {Kind::kError, Kind::kNoSpace, Kind::kShortWrite}) {
    for (const bool forever : {false, true}) {
      for (int64_t n = 0; n < operations; ++n) {
        CAPTURE(static_cast<int>(kind), forever, n);
        const test::TemporaryFolder folder;
        CheckpointStore(real_file_system(), folder.path())
            .save(1, content(1), {.last = 1, .best = 0});
        test::FaultyFiles faulty(real_file_system(), {.at = n, .forever = forever, .kind = kind});
        CHECK_THROWS_AS(
            CheckpointStore(faulty, folder.path()).save(2, content(2), {.last = 1, .best = 0}),
            FileError);
        const fs::path whole = CheckpointStore(real_file_system(), folder.path()).newest_whole();
        REQUIRE(!whole.empty());
        const CheckpointContent found = read_checkpoint(whole);
        CHECK((same(found, content(1)) || same(found, content(2))));
        // A second try with a healthy disk succeeds.
        CheckpointStore(real_file_system(), folder.path())
            .save(2, content(2), {.last = 1, .best = 0});
        CHECK(same(read_checkpoint(resolve_checkpoint(folder.path(), false)), content(2)));
      }
    }
  }
}

TEST_CASE("what is no checkpoint is said with what was looked for") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(resolve_checkpoint(folder.path() / "nowhere", true),
                    Catch::Contains("nowhere") && Catch::Contains("manifest.json"));
  std::ofstream(folder.path() / "latest") << "step-00000009\n";
  CHECK_THROWS_AS(resolve_checkpoint(folder.path() / "latest", true), ConfigError);
}
