#include "stoker/models/smallest_batch.h"

#include "stoker/models/mlp.h"
#include "stoker/models/resnet.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::models;

TEST_CASE("a norm over a single value needs two images at a time") {
  const ModelContext tiny{.classes = 3, .channels = 3, .height = 32, .width = 32};
  const ModelContext larger{.classes = 3, .channels = 3, .height = 64, .width = 48};
  const auto resnet = [](const ModelContext& context, Stem stem) {
    return build_resnet({.depth = 18, .stem = stem}, context);
  };
  CHECK(smallest_batch(*resnet(tiny, Stem::kImagenet), tiny) == 2);  // 1x1 in the last stage
  CHECK(smallest_batch(*resnet(larger, Stem::kImagenet), larger) == 1);
  CHECK(smallest_batch(*resnet(tiny, Stem::kCifar), tiny) == 1);
  CHECK(smallest_batch(*build_mlp({.hidden = {8}, .batch_norm = true}, tiny), tiny) == 2);
  CHECK(smallest_batch(*build_mlp({.hidden = {8}}, tiny), tiny) == 1);
}

TEST_CASE("a norm that is frozen needs none, and the mode stays") {
  const ModelContext tiny{.classes = 3, .channels = 3, .height = 4, .width = 5};
  const auto model = build_mlp({.hidden = {8}, .batch_norm = true}, tiny);
  model->train();
  CHECK(smallest_batch(*model, tiny) == 2);
  CHECK(model->is_training());
  freeze(*model, {"norm"});
  CHECK(smallest_batch(*model, tiny) == 1);
}
