#include "stoker/tuning/tune_cache.h"

#include "support/catch.h"
#include "support/child.h"
#include "support/faulty_files.h"
#include "support/temporary.h"

namespace stoker::tuning {
namespace {

TuneKey key() {
  return {.what = {{"model", "resnet18"}, {"shape", "3x64x64"}, {"device", "cpu \xff"}},
          .versions = {{"stoker", "0.1.0"}, {"libtorch", "2.9.1"}}};
}

TEST_CASE("a result is found again under its own key alone", "[tuning]") {
  const test::TemporaryFolder folder;
  TuneCache cache(real_file_system(), folder.path());
  CHECK(cache.find(key()).value.is_null());
  cache.keep(key(), {{"microbatch", 160}});
  CHECK(cache.find(key()).value["microbatch"] == 160);
  TuneKey other = key();
  other.what["precision"] = "bf16";
  CHECK(cache.find(other).value.is_null());
  CHECK(cache.find(other).stale.empty());
  CHECK_THAT(read_file(cache.path_of(key())), Catch::Contains("\"model\": \"resnet18\""));
}

TEST_CASE("a result of other versions is stale, and the version that changed is named",
          "[tuning]") {
  const test::TemporaryFolder folder;
  TuneCache cache(real_file_system(), folder.path());
  cache.keep(key(), {{"microbatch", 160}});
  TuneKey later = key();
  later.versions["libtorch"] = "2.10.0";
  CHECK(cache.find(later).value.is_null());
  CHECK(cache.find(later).stale == "libtorch was 2.9.1 and is 2.10.0");
  later = key();
  later.versions["driver"] = "580";
  CHECK(cache.find(later).stale == "driver was not named and is 580");
  cache.keep(later, {{"microbatch", 128}});
  CHECK(cache.find(later).value["microbatch"] == 128);
  CHECK_FALSE(cache.find(key()).stale.empty());
}

TEST_CASE("a damaged result is a warning and counts as none", "[tuning]") {
  const test::TemporaryFolder folder;
  TuneCache cache(real_file_system(), folder.path());
  cache.keep(key(), {{"microbatch", 160}});
  const std::string whole = read_file(cache.path_of(key()));
  for (const std::string& text :
       {std::string(), whole.substr(0, whole.size() / 2), std::string("[]"), std::string("{}"),
        std::string("{\"format\": 2}"), std::string("{\"format\": [1]}"),
        std::string("{\"format\":1,\"what\":{},\"versions\":{},\"value\":1}"),
        std::string("{\"format\":1,\"what\":1,\"versions\":{\"a\":2},\"value\":null}")}) {
    CAPTURE(text);
    test::write(cache.path_of(key()), text);
    const test::ChildResult child = test::run_in_child([&] {
      if (!cache.find(key()).value.is_null()) throw std::runtime_error("found");
    });
    CHECK(child.exit_code == 0);
    CHECK_THAT(child.standard_error, Catch::Contains("It is not used"));
  }
  cache.keep(key(), {{"microbatch", 96}});
  CHECK(cache.find(key()).value["microbatch"] == 96);
}

TEST_CASE("at every failing operation the old result or the new one is there", "[tuning]") {
  for (int64_t at = 0;; ++at) {
    const test::TemporaryFolder folder;
    TuneCache(real_file_system(), folder.path()).keep(key(), {{"microbatch", 160}});
    test::FaultyFiles faulty(real_file_system(), {.at = at, .forever = true});
    const test::ChildResult child = test::run_in_child([&] {
      TuneCache cache(faulty, folder.path());
      cache.keep(key(), {{"microbatch", 96}});
      if (faulty.operations() <= at) _exit(3);
    });
    const nlohmann::json value = TuneCache(real_file_system(), folder.path()).find(key()).value;
    REQUIRE((value["microbatch"] == 160 || value["microbatch"] == 96));
    if (child.exit_code == 3) break;
    CHECK(child.exit_code == 0);
    CHECK_THAT(child.standard_error, Catch::Contains("the next run tunes again"));
  }
}

}  // namespace
}  // namespace stoker::tuning
