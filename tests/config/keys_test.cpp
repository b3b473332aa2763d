#include "stoker/config/keys.h"

#include "config/support.h"

using namespace stoker;
using namespace stoker::test;
using Keys = std::vector<std::string>;

TEST_CASE("a word of the command line finds the keys that it may mean") {
  TestOptions options;
  const config::Fields fields = config::fields_of(options);
  const auto named = [&](std::string_view word) { return config::keys_named(fields, word); };
  CHECK(named("epochs") == Keys{"train.epochs"});
  CHECK(named("batch-size") == Keys{"train.batch_size"});
  CHECK(named("train.epochs") == Keys{"train.epochs"});
  CHECK(named("lr") == Keys{"optimizer.lr"});  // once, though several rows have it
  CHECK(named("eps") == Keys{"optimizer.eps"});
  CHECK(named("seed") == Keys{"seed"});
  CHECK(named("epohcs") == Keys{"train.epochs"});
  CHECK(named("train.epoch") == Keys{"train.epochs"});
  CHECK(named("gibberish").empty());
  CHECK(named("").empty());
}
