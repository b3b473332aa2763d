// Whatever fails during a save, and wherever the power is cut, a whole checkpoint is there
// afterwards: the one before or the new one. The save is the one of a run: in the background, with
// the log of the metrics synced, both pointers moved and an older checkpoint removed.
#include <ATen/ops/full.h>

#include "stoker/train/checkpoint_writer.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"
#include "train/contents.h"

using namespace stoker;
using namespace stoker::train;
using namespace stoker::test;

namespace {

using Kind = Fault::Kind;
using Lost = ForgetfulFiles::Lost;

// What is saved in one go: a first checkpoint, then this one over it.
struct Scene {
  const char* name;
  int64_t first_step;   // of the checkpoint that is there
  int64_t second_step;  // of the one that is written
};
// The new one is the best and ends the first; or it takes the place of the first.
constexpr Scene kScenes[] = {{"next", 1, 2}, {"same step", 2, 2}};
constexpr double kFirstTop1 = 0.5, kSecondTop1 = 0.75;

struct Run {
  TemporaryFolder folder;
  fs::path checkpoints = folder.path() / "checkpoints";
  fs::path log = folder.path() / "metrics.jsonl";

  explicit Run(const Scene& scene) : scene_(scene) {
    std::ofstream(log) << "first\n";
    CheckpointStore store(real_file_system(), checkpoints);
    store.create();
    store.save(scene.first_step, first(), keep());
    std::ofstream(log, std::ios::app) << "second\n";
  }
  CheckpointContent first() const { return content(scene_.first_step, kFirstTop1); }
  CheckpointContent second() const { return content(scene_.second_step, kSecondTop1); }
  static CheckpointStore::Keep keep() { return {.last = 1, .best = 1}; }

  // Saves the second checkpoint; returns whether that was said to have succeeded.
  bool save(FileSystem& files) {
    CheckpointStore store(files, checkpoints);
    CheckpointWriter writer(store, keep(), {log});
    writer.start(scene_.second_step, second());
    return writer.wait()->error == nullptr;
  }

  // A run that starts now goes on from a whole checkpoint, and saves again.
  void check_it_goes_on(bool second_is_certain) {
    const auto whole = runs::newest_whole(checkpoints);
    REQUIRE(whole.has_value());
    const CheckpointContent content = read_checkpoint(*whole);
    const bool is_second = same(content, second());
    CHECK((is_second || same(content, first())));
    if (second_is_certain) CHECK(is_second);
    if (is_second) CHECK(read_file(log).ends_with("second\n"));
    REQUIRE(save(real_file_system()));
    CHECK(same(read_checkpoint(*runs::newest_whole(checkpoints)), second()));
    for (const char* pointer : {"latest", "best"}) {
      CHECK(same(read_checkpoint(runs::open_checkpoint(checkpoints / pointer, false)), second()));
    }
    CHECK(names_in(checkpoints).size() == 3);
  }

 private:
  Scene scene_;
};

int64_t operations_of_a_save(const Scene& scene) {
  Run run(scene);
  FaultyFiles counting(real_file_system());
  REQUIRE(run.save(counting));
  return counting.operations();
}

}  // namespace

TEST_CASE("a save that fails at any operation leaves a whole checkpoint to go on from") {
  for (const Scene& scene : kScenes) {
    const int64_t operations = operations_of_a_save(scene);
    REQUIRE(operations > 40);
    for (const Fault fault : {Fault{.forever = false, .kind = Kind::kError},
                              Fault{.forever = true, .kind = Kind::kNoSpace},
                              Fault{.forever = true, .kind = Kind::kShortWrite}}) {
      for (int64_t n = 0; n < operations; ++n) {
        CAPTURE(scene.name, static_cast<int>(fault.kind), fault.forever, n);
        Run run(scene);
        FaultyFiles faulty(real_file_system(),
                           {.at = n, .forever = fault.forever, .kind = fault.kind});
        CHECK_FALSE(run.save(faulty));
        run.check_it_goes_on(false);
      }
    }
  }
}

TEST_CASE("a power cut at any operation of a save leaves a whole checkpoint to go on from") {
  for (const Scene& scene : kScenes) {
    const int64_t operations = operations_of_a_save(scene);
    for (const Lost lost : {Lost::kEverythingUnsynced, Lost::kUnsyncedContents}) {
      for (int64_t n = 0; n <= operations; ++n) {
        CAPTURE(scene.name, static_cast<int>(lost), n);
        Run run(scene);
        ForgetfulFiles disk(run.folder.path());
        FaultyFiles faulty(disk, {.at = n, .forever = true, .kind = Kind::kShortWrite});
        const bool succeeded = run.save(faulty);
        CHECK(succeeded == (n == operations));
        disk.restart(lost);
        run.check_it_goes_on(succeeded);
      }
    }
  }
}
