// An image that cannot be read ends a run, but loses none of its steps.
#include <fstream>

#include "jobs/runs.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;

namespace {

// A run on a folder of images that saves nothing by itself before its end.
class Photos {
 public:
  Overrides options(const std::string& name) {
    Overrides all = small_run(folder_.path() / name);
    const Overrides data = make_data("image_folder", root());
    all.insert(all.end(), data.begin(), data.end());
    all.insert(all.end(), {"checkpoint.every_steps=1000", "checkpoint.every_epochs=0",
                           "checkpoint.keep_best=0", "algorithms=[ema]", "train.epochs=2"});
    return all;
  }
  // The images of a split, sorted.
  std::vector<fs::path> images(const std::string& split) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(root() / split)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }
  fs::path dir(const std::string& name) const { return folder_.path() / name; }

 private:
  fs::path root() const { return folder_.path() / "photos"; }
  TemporaryFolder folder_;
};

// A file that is no image for as long as this lives.
class Broken {
 public:
  explicit Broken(const fs::path& path) : path_(path), content_(read_file(path)) {
    write(path, "no image");
  }
  ~Broken() { write(path_, content_); }
  Broken(const Broken&) = delete;
  Broken& operator=(const Broken&) = delete;

 private:
  fs::path path_;
  std::string content_;
};

// Runs into `broken`, then goes on without; returns the step from which it went on, or 0.
int64_t step_saved_by_error(Photos& photos, const runs::RunFolder& whole, const Overrides& options,
                            const fs::path& broken) {
  const fs::path run = photos.dir("cut") / "run/1";
  {
    const Broken is_broken(broken);
    CHECK_THROWS_WITH(run_once(options), Catch::Contains(broken.filename().string()));
  }
  const auto saved = runs::newest_whole(run / "checkpoints");
  run_once(options, run);
  CHECK(differences(whole, runs::RunFolder::open(run)) == std::vector<std::string>{});
  const int64_t step =
      saved ? std::stoll(saved->folder().filename().string().substr(std::string("step-").size()))
            : 0;
  fs::remove_all(photos.dir("cut"));
  return step;
}

}  // namespace

TEST_CASE("a run that meets an unreadable image saves the steps before it") {
  Photos photos;
  const runs::RunFolder whole = run_once(photos.options("whole")).folder;
  std::set<int64_t> steps;
  const std::vector<fs::path> images = photos.images("train");
  REQUIRE(images.size() == kTrainImages);
  // Without the first, which is looked at before a run begins.
  for (size_t i = 1; i < images.size(); i += 7) {
    INFO(images[i].string());
    steps.insert(step_saved_by_error(photos, whole, photos.options("cut"), images[i]));
  }
  CHECK(steps.size() > 2);  // wherever in the first epoch the image came
  CHECK(*steps.rbegin() <= 4);
}

TEST_CASE("a run that meets an unreadable image of its evaluation saves the epoch before it") {
  Photos photos;
  const runs::RunFolder whole = run_once(photos.options("whole")).folder;
  CHECK(step_saved_by_error(photos, whole, photos.options("cut"), photos.images("val")[5]) == 5);
}

TEST_CASE("a step of which some was learned already is not saved as a whole one") {
  Photos photos;
  Overrides whole_options = photos.options("whole"), options = photos.options("cut");
  for (Overrides* some : {&whole_options, &options}) {
    some->insert(some->end(),
                 {"model={name: mlp, hidden: [12], batch_norm: true}", "train.microbatch=3"});
  }
  const runs::RunFolder whole = run_once(whole_options).folder;
  const std::vector<fs::path> images = photos.images("train");
  for (size_t i = 1; i < images.size(); i += 5) {
    INFO(images[i].string());
    step_saved_by_error(photos, whole, options, images[i]);
  }
}
