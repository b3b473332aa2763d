#include "stoker/train/checkpoint_store.h"

#include <array>
#include <fstream>

#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"
#include "train/contents.h"

using namespace stoker;
using namespace stoker::train;
using namespace stoker::test;
using Names = std::set<std::string>;

namespace {

// A checkpoint with one metric, measured at its own step unless told otherwise.
CheckpointContent measured(int64_t step, const std::string& metric, double value,
                           int64_t measured_at = -1) {
  CheckpointContent saved = content(step);
  saved.state_json = fmt::format(R"({{"step": {}, "metrics_step": {}, "metrics": {{"{}": {}}}}})",
                                 step, measured_at < 0 ? step : measured_at, metric, value);
  return saved;
}

std::string pointed(const fs::path& folder, const char* pointer) {
  return runs::resolve_checkpoint(folder / pointer, false).filename();
}

}  // namespace

TEST_CASE("the store keeps the last and the best, and points to them") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  const CheckpointStore::Keep keep{.last = 2, .best = 1};
  const std::vector<double> top1{0.1, 0.9, 0.3, 0.4, 0.9, 0.2};
  for (int64_t step = 1; step <= 6; ++step) {
    store.save(step, content(step, top1[step - 1]), keep);
  }
  // Of the equally good 2 and 5, the earlier: what is as good is not better.
  CHECK(names_in(folder.path()) ==
        Names{"step-00000002", "step-00000005", "step-00000006", "latest", "best"});
  CHECK(pointed(folder.path(), "latest") == "step-00000006");
  CHECK(pointed(folder.path(), "best") == "step-00000002");
  CHECK(runs::resolve_checkpoint(folder.path(), true).filename() == "step-00000002");
  CHECK(runs::resolve_checkpoint(folder.path(), false).filename() == "step-00000006");
  CHECK(runs::newest_whole(folder.path())->folder().filename() == "step-00000006");
  CHECK(store.best_value(keep) == 0.9);
}

TEST_CASE("the best k are kept by any metric, whatever process saved them") {
  struct Case {
    std::string metric;
    bool lower_is_better;
    Names kept;
  };
  const std::vector<double> values{0.5, 0.2, 0.9, 0.4, 0.8, 0.6};
  for (const Case& c :
       {Case{"val.top1", false, {"step-00000003", "step-00000005", "step-00000006"}},
        Case{"val.loss", true, {"step-00000002", "step-00000004", "step-00000006"}},
        Case{"train.loss", true, {"step-00000002", "step-00000004", "step-00000006"}},
        Case{"val.ece", true, {"step-00000002", "step-00000004", "step-00000006"}}}) {
    CAPTURE(c.metric);
    const TemporaryFolder folder;
    for (int64_t step = 1; step <= 6; ++step) {
      CheckpointStore(real_file_system(), folder.path())
          .save(step, measured(step, c.metric, values[step - 1]),
                {.last = 1, .best = 2, .monitor = c.metric, .lower_is_better = c.lower_is_better});
    }
    Names expected = c.kept;
    expected.insert({"latest", "best"});
    CHECK(names_in(folder.path()) == expected);
    CHECK(pointed(folder.path(), "best") ==
          (c.lower_is_better ? "step-00000002" : "step-00000003"));
  }
}

TEST_CASE("an evaluation of an earlier step makes no checkpoint the best") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  const CheckpointStore::Keep keep{.last = 1, .best = 1};
  store.save(1, measured(1, "val.top1", 0.5), keep);
  store.save(2, measured(2, "val.top1", 0.9, /*measured_at=*/1), keep);
  CHECK(pointed(folder.path(), "best") == "step-00000001");
  store.save(3, measured(3, "val.top1", 0.6), keep);
  CHECK(pointed(folder.path(), "best") == "step-00000003");
  CHECK(names_in(folder.path()) == Names{"step-00000003", "latest", "best"});
}

TEST_CASE("a metric that is no number is never the best") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  CheckpointContent none = content(1);
  none.state_json = R"({"step": 1, "metrics_step": 1, "metrics": {"val.top1": null}})";
  store.save(1, none, {});
  CHECK_FALSE(store.best_value({}));
  CHECK_FALSE(fs::exists(folder.path() / "best"));
}

TEST_CASE("a folder that goes away in the middle of a save is not made again") {
  // Renames the folder when the log is synced: after the save has seen that it is there.
  class Renaming : public FaultyFiles {
   public:
    explicit Renaming(fs::path from) : FaultyFiles(real_file_system()), from_(std::move(from)) {}
    void sync_file(const fs::path& path) override {
      FaultyFiles::sync_file(path);
      fs::rename(from_, fs::path(from_) += "-moved");
    }

   private:
    fs::path from_;
  };
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run", log = folder.path() / "log.txt";
  fs::create_directory(run);
  std::ofstream(log) << "a line\n";
  Renaming files(run);
  CheckpointStore store(files, run);
  CHECK_THROWS_AS(store.save(1, content(1), {}, std::array{log}), FileError);
  CHECK_FALSE(fs::exists(run));
}

TEST_CASE("a damaged newest checkpoint is passed over for the one before") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  store.save(1, content(1), {});
  const fs::path newest = store.save(2, content(2), {});
  flip_a_byte(newest / "optimizer.safetensors");
  CHECK(runs::newest_whole(folder.path())->folder().filename() == "step-00000001");
  CHECK(same(read_checkpoint(*runs::newest_whole(folder.path())), content(1)));
}

TEST_CASE("what a run went back behind is set aside, and is not counted again") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  const CheckpointStore::Keep keep{.last = 1, .best = 1};
  store.save(2, content(2, 0.3), {.last = 9, .best = 9});
  store.save(4, content(4, 0.2), {.last = 9, .best = 9});
  flip_a_byte(store.save(6, content(6, 0.9), {.last = 9, .best = 9}) / "model.safetensors");
  const auto moved = store.set_aside_after(4, keep);
  REQUIRE(moved.size() == 1);
  CHECK(moved[0] == folder.path() / "set-aside" / "step-00000006");
  CHECK(pointed(folder.path(), "latest") == "step-00000004");
  CHECK(pointed(folder.path(), "best") == "step-00000002");
  // The damaged one of step 6 would have been the one to keep, and this one to go.
  store.save(5, content(5, 0.1), keep);
  CHECK(names_in(folder.path()) ==
        Names{"step-00000002", "step-00000005", "latest", "best", "set-aside"});
  CHECK(same(read_checkpoint(*runs::newest_whole(folder.path())), content(5, 0.1)));
  // Again at the same step: nothing is overwritten.
  store.save(6, content(6), keep);
  CHECK(store.set_aside_after(5, keep)[0].filename() == "step-00000006.2");
  CHECK(runs::list_checkpoints(folder.path()).empty());  // it was the best, too
  CHECK(store.set_aside_after(-1, keep).empty());
  CHECK(names_in(folder.path()) == Names{"set-aside"});
}

TEST_CASE("what a crash left is swept by the next save, and nothing else") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  store.save(1, content(1), {});
  for (const char* name : {".writing-step-00000002", ".removing-step-00000000", ".nfs0001"}) {
    fs::create_directories(folder.path() / name / "deep");
  }
  std::ofstream(folder.path() / ".latest.tmp-12-0") << "step";
  std::ofstream(folder.path() / "notes.txt") << "the user's";
  fs::rename(folder.path() / "step-00000001", folder.path() / ".replaced-step-00000001");
  CHECK(same(read_checkpoint(*runs::newest_whole(folder.path())), content(1)));
  store.save(2, content(2), {});
  CHECK(names_in(folder.path()) ==
        Names{"step-00000001", "step-00000002", "latest", "best", ".nfs0001", "notes.txt"});
}

TEST_CASE("a folder that is gone is not made again") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path() / "run" / "checkpoints");
  store.create();
  store.save(1, content(1), {});
  fs::remove_all(folder.path() / "run");
  CHECK_THROWS_WITH(store.save(2, content(2), {}),
                    Catch::Contains("checkpoints") && Catch::Contains("gone"));
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("what is no checkpoint is said with what was looked for") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(runs::resolve_checkpoint(folder.path() / "nowhere", true),
                    Catch::Contains("nowhere") && Catch::Contains("manifest.json"));
  std::ofstream(folder.path() / "latest") << "step-00000009\n";
  CHECK_THROWS_AS(runs::resolve_checkpoint(folder.path() / "latest", true), ConfigError);
  std::ofstream(folder.path() / "weights.safetensors") << std::string(10'000, 'x');
  CHECK_THROWS_AS(runs::resolve_checkpoint(folder.path() / "weights.safetensors", true),
                  ConfigError);
}

TEST_CASE("a file of a checkpoint stands for the checkpoint") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  store.save(3, content(3), {.last = 2, .best = 1});
  for (const char* file : {"model.safetensors", "manifest.json", "state.json"}) {
    CHECK(runs::resolve_checkpoint(folder.path() / "step-00000003" / file, true) ==
          folder.path() / "step-00000003");
  }
}
