// Whatever operation on files fails in a whole run, what is on the disk afterwards goes on to the
// same end as a run in which nothing failed.
#include <nlohmann/json.hpp>

#include "jobs/runs.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;

namespace {

Overrides options(const fs::path& dir) {
  Overrides all = small_run(dir);
  const Overrides more{"data.format=shapes",       "data.format.train_images=16",
                       "data.format.val_images=8", "checkpoint.every_steps=1",
                       "checkpoint.keep_last=1",   "train.epochs=2"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("a run that fails at any operation on files goes on to the same end") {
  const TemporaryFolder folder;
  FaultyFiles counting(real_file_system());
  const runs::RunFolder whole =
      run_once(options(folder.path() / "whole"), {}, nullptr, &counting).folder;
  const int64_t operations = counting.operations();
  REQUIRE(operations > 150);
  constexpr int64_t kStride = 7;  // a whole run each time: every seventh will do
  int64_t survived = 0, failed = 0;
  for (int64_t n = 0; n < operations; n += kStride) {
    for (const bool forever : {false, true}) {
      CAPTURE(n, forever);
      const fs::path dir = folder.path() / "faulty";
      FaultyFiles faulty(real_file_system(),
                         {.at = n + forever, .forever = forever, .kind = Fault::Kind::kNoSpace});
      try {
        run_once(options(dir), {}, nullptr, &faulty);
        ++survived;
      } catch (const FileError& error) {
        CHECK_THAT(error.what(), Catch::Contains("No space left"));
        ++failed;
      }
      if (fs::exists(dir / "run/1/config.yaml")) {
        const runs::RunFolder cut = run_once(options(dir), dir / "run/1").folder;
        CHECK(differences(whole, cut) == std::vector<std::string>{});
      }
      fs::remove_all(dir);
    }
  }
  // One failure costs a run nothing, if it is one of a save: the save is tried again.
  CHECK(survived > operations / kStride * 2 / 3);
  CHECK(failed > operations / kStride * 2 / 3);
}

TEST_CASE("a run that fails at any operation while it goes on still goes on to the same end") {
  const TemporaryFolder folder;
  const runs::RunFolder whole = run_once(options(folder.path() / "whole")).folder;
  const fs::path begun = folder.path() / "begun", dir = folder.path() / "faulty";
  run_once(options(begun), {}, std::make_unique<StopAt>(2, train::Event::kStepDone));
  const auto go_on = [&](FileSystem* files) {
    fs::remove_all(dir);
    fs::copy(begun, dir, fs::copy_options::recursive);
    run_once(options(dir), dir / "run/1", nullptr, files);
  };
  FaultyFiles counting(real_file_system());
  go_on(&counting);
  constexpr int64_t kBeginning = 25;  // the records of the start, the logs, what is set aside
  REQUIRE(counting.operations() > kBeginning);
  int64_t failed = 0;
  for (int64_t n = 0; n < kBeginning; ++n) {
    CAPTURE(n);
    FaultyFiles faulty(real_file_system(), {.at = n, .kind = Fault::Kind::kShortWrite});
    try {
      go_on(&faulty);
    } catch (const FileError& error) {
      CHECK_THAT(error.what(), Catch::Contains("No space left"));
      ++failed;
      run_once(options(dir), dir / "run/1");
    }
    CHECK(differences(whole, runs::RunFolder::open(dir / "run/1")) == std::vector<std::string>{});
    const auto told = nlohmann::json::parse(read_file(dir / "run/1/environment.json"));
    CHECK(told.at("earlier").size() >= 1);  // the start that ended in a stop
  }
  CHECK(failed > kBeginning / 2);
}
