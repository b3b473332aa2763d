#include "stoker/config/keys.h"

#include <algorithm>

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

TEST_CASE("all keys have the words that they may be, and no group of keys is one") {
  TestOptions options;
  const std::vector<config::Key> keys = config::keys(config::fields_of(options));
  const auto find = [&](std::string_view path) {
    return std::ranges::find(keys, path, &config::Key::path);
  };
  CHECK(find("train") == keys.end());
  CHECK(*find("train.epochs") == config::Key{"train.epochs", {}});
  CHECK(*find("train.precision") == config::Key{"train.precision", {"fp32", "bf16", "fp16"}});
  CHECK(*find("optimizer") == config::Key{"optimizer", {"sgd", "adam", "adamw"}});
  CHECK(*find("optimizer.nesterov") == config::Key{"optimizer.nesterov", {"true", "false"}});
  CHECK(*find("augment.pad_crop.mode") ==
        config::Key{"augment.pad_crop.mode", {"zero", "reflect"}});
  CHECK(find("augment.gray") == keys.end());  // has no options
  CHECK(std::ranges::count(keys, "optimizer.lr", &config::Key::path) == 1);
}
