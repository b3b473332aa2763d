#include "stoker/train/saver.h"

#include "stoker/train/snapshot.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

namespace {

// A state that is moved by hand, and a saver over it.
struct Scene {
  explicit Scene(train::CheckpointOptions options, FileSystem& files = real_file_system())
      : store(files, folder.path() / "checkpoints"), saver((store.create(), store), {}, options) {}

  train::Saver::Capture capture() {
    return [this] { return train::capture(run.state(), run.algorithms); };
  }
  void at(int64_t step, std::optional<double> top1 = std::nullopt) {
    run.state().position.step = step;
    if (top1) {
      run.state().eval = train::EvalRecord{.step = step};
      run.state().eval->result.top1 = *top1;
    }
  }
  std::vector<std::string> save() {
    std::vector<std::string> names;
    for (const auto& path : saver.save(run.state(), capture())) names.push_back(path.filename());
    return names;
  }
  bool due() { return saver.due(run.state()); }

  TemporaryFolder folder;
  ToyRun run;
  train::CheckpointStore store;
  train::Saver saver;
};

}  // namespace

TEST_CASE("a save is due by steps, and not twice for the same state", "[train]") {
  Scene scene({.every_epochs = 0, .every_steps = 5});
  scene.at(4);
  CHECK_FALSE(scene.due());
  scene.at(5);
  CHECK(scene.due());
  CHECK(scene.save().empty());  // what it began is not written yet
  CHECK_FALSE(scene.due());
  scene.at(10);
  CHECK(scene.due());
  CHECK(scene.save() == std::vector<std::string>{"step-00000005"});
  CHECK(scene.saver.finish(scene.run.state(), scene.capture()).size() == 1);
  CHECK(runs::list_checkpoints(scene.folder.path() / "checkpoints").size() == 2);
}

TEST_CASE("a save is due after an evaluation that beats all before it", "[train]") {
  Scene scene({.every_epochs = 0});
  scene.at(1, 0.5);
  CHECK(scene.due());
  scene.save();
  scene.at(2, 0.5);  // as good is not better
  CHECK_FALSE(scene.due());
  scene.at(3, 0.6);
  CHECK(scene.due());
  scene.at(4);  // what was measured is another step
  CHECK_FALSE(scene.due());
}

TEST_CASE("a loaded state is not saved again", "[train]") {
  Scene scene({.every_epochs = 0, .every_steps = 1});
  scene.at(3);
  scene.saver.note_loaded(scene.run.state());
  CHECK_FALSE(scene.due());
  CHECK(scene.saver.finish(scene.run.state(), scene.capture()).empty());
  CHECK(runs::list_checkpoints(scene.folder.path() / "checkpoints").empty());
}

TEST_CASE("a save that fails once is tried again with the present state", "[train]") {
  FaultyFiles files(real_file_system(), {.at = 3, .kind = Fault::Kind::kNoSpace});
  Scene scene({.every_epochs = 0, .every_steps = 1}, files);
  scene.at(1);
  scene.save();
  scene.at(2);
  const auto written = scene.saver.finish(scene.run.state(), scene.capture());
  REQUIRE(written.size() == 1);
  CHECK(written[0].filename() == "step-00000002");
}
