#include "stoker/report/mlflow_store.h"

#include <algorithm>

#include "folders.h"
#include "support/catch.h"

using namespace stoker;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::string train_line(int step) {
  return fmt::format(R"({{"step":{},"split":"train","loss":{},"lr":0.1,"noise_scale":null}})", step,
                     0.5 * step);
}

size_t lines_of(const fs::path& path) {
  const std::string text = read_file(path);
  return static_cast<size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("a run in MLflow's folder is one run however often it goes on") {
  const test::TemporaryFolder dir;
  const fs::path run = test::make_run(dir.path() / "a" / "1", {}), store = dir.path() / "mlruns";
  const report::MlflowOptions options{
      .experiment = "a\"b", .run = run, .params = {{"augment.flip#2.p", "0.5"}, {"name", "\xff"}}};
  fs::path folder;
  {
    report::MlflowRun first(real_file_system(), store, options);
    folder = first.folder();
    for (const int step : {4, 8, 12}) first.log(train_line(step));
    first.log(R"({"step":12,"split":"memory","microbatch":4})");
    first.log("no line");
    first.end("interrupted");
    CHECK_THAT(read_file(folder / "meta.yaml"), Contains("status: 5"));
  }
  report::MlflowRun second(real_file_system(), store, options);
  CHECK(second.folder() == folder);
  CHECK_THAT(read_file(folder / "meta.yaml"), Contains("status: 1") && Contains("end_time: null"));
  second.rewind(8);
  CHECK(lines_of(folder / "metrics" / "train.loss") == 2);
  second.log(train_line(12));
  CHECK_THAT(read_file(folder / "metrics" / "train.loss"), Contains(" 6 12\n"));
  CHECK_FALSE(fs::exists(folder / "metrics" / "train.noise_scale"));
  CHECK(read_file(folder / "params" / "augment.flip_2.p") == "0.5");
  CHECK(read_file(folder / "params" / "name") == "\\xff");
  second.end("finished");
  CHECK_THAT(read_file(folder / "meta.yaml"), Contains("status: 3") && !Contains("end_time: null"));
}

TEST_CASE("runs of one name are one experiment, also of one that MLflow itself made") {
  const test::TemporaryFolder dir;
  const fs::path store = dir.path() / "mlruns";
  const auto folder_of = [&](const char* run, const char* experiment) {
    const fs::path path = test::make_run(dir.path() / run, {});
    return report::MlflowRun(real_file_system(), store, {.experiment = experiment, .run = path})
        .folder();
  };
  const fs::path one = folder_of("a/1", "a"), two = folder_of("a/2", "a"),
                 b = folder_of("b/1", "b");
  CHECK(one != two);
  CHECK(one.parent_path() == two.parent_path());
  CHECK(b.parent_path() != one.parent_path());
  test::write(store / "7" / "meta.yaml", "experiment_id: '7'\nname: mine\n");
  CHECK(folder_of("c/1", "mine").parent_path().filename() == "7");
}
