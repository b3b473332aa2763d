#include "stoker/runs/metrics_file.h"

#include <nlohmann/json.hpp>

#include "stoker/runs/metrics_lines.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;

TEST_CASE("lines of metrics come back by step, split and key") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  test::write(path,
              "{\"step\":4,\"split\":\"train\",\"loss\":1.5,\"skipped_steps\":2}\n"
              "no line\n[1,2]\n{\"split\":\"val\"}\n{\"step\":\"five\"}\n"
              "{\"step\":6,\"split\":\"val\",\"loss\":null,\"top1\":0.25}\n"
              "{\"step\":8,\"spl");
  const auto records = runs::read_metrics(path);
  REQUIRE(records.size() == 2);
  CHECK(records[0].step == 4);
  CHECK(records[0].split == "train");
  CHECK(records[0].value("loss") == 1.5);
  CHECK(records[0].value("skipped_steps") == 2);
  CHECK(records[0].value("step") == std::nullopt);
  CHECK(records[1].split == "val");
  CHECK(records[1].value("loss") == std::nullopt);
  CHECK(records[1].value("top1") == 0.25);
}

TEST_CASE("lines of metrics come back whole, in their order, without what is no line") {
  const auto objects = runs::metrics_objects(
      "{\"step\":4,\"split\":\"train\",\"loss\":1.50}\nno line\n[1]\n{\"split\":\"val\"}\n"
      "{\"z\":1,\"step\":6,\"a\":null}\n{\"step\":8,\"spl");
  REQUIRE(objects.size() == 2);
  CHECK(objects[0].dump() == "{\"step\":4,\"split\":\"train\",\"loss\":1.5}");
  CHECK(objects[1].dump() == "{\"z\":1,\"step\":6,\"a\":null}");
}

TEST_CASE("metrics of a run that wrote none are none") {
  CHECK(runs::read_metrics("/nowhere/metrics.jsonl").empty());
}
