#include <fstream>
#include <string>

#include "formula.h"
#include "stoker/core/error.h"
#include "stoker/weights/safetensors_image.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;
using Catch::Contains;
using test::fill;
namespace fs = std::filesystem;

namespace {

// Two shards, a and b in one, c in two, with the index that a test gives.
class Sharded {
 public:
  explicit Sharded(const std::string& index) {
    write_safetensors(real_file_system(), folder_.path() / "one.safetensors",
                      {{"a", fill({2}, at::kFloat)}, {"b", fill({3}, at::kFloat)}});
    write_safetensors(real_file_system(), folder_.path() / "two.safetensors",
                      {{"c", fill({5}, at::kFloat)}});
    std::ofstream(folder_.path() / "model.safetensors.index.json") << index;
  }
  NamedTensors read() const { return read_weights(folder_.path()); }
  const fs::path& path() const { return folder_.path(); }

 private:
  test::TemporaryFolder folder_;
};

std::string index_of(const std::string& map) {
  return R"({"metadata":{"total_size":40},"weight_map":)" + map + "}";
}

constexpr const char* kGood =
    R"({"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"})";

}  // namespace

TEST_CASE("a sharded file is read through its index, or its folder") {
  const Sharded sharded(index_of(kGood));
  for (const auto& tensors :
       {sharded.read(), read_weights(sharded.path() / "model.safetensors.index.json")}) {
    REQUIRE(tensors.size() == 3);
    CHECK(tensors[0].first == "a");
    CHECK(test::identical(tensors[2].second, fill({5}, at::kFloat)));
  }
}

TEST_CASE("a folder's single file comes before an index") {
  const Sharded sharded(index_of(kGood));
  write_safetensors(real_file_system(), sharded.path() / "model.safetensors",
                    {{"z", fill({1}, at::kFloat)}});
  CHECK(sharded.read().at(0).first == "z");
}

TEST_CASE("an index and its shards must agree") {
  const auto refused = [](const std::string& map, const std::string& words) {
    INFO(map);
    CHECK_THROWS_WITH(Sharded(index_of(map)).read(), Contains(words));
  };
  refused(R"({"a":"one.safetensors","c":"two.safetensors"})", "b is in one.safetensors");
  refused(R"({"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"})", "b is in one");
  refused(R"({"a":"one.safetensors","b":"one.safetensors","d":"one.safetensors"})", "d is not in");
  refused(R"({"a":"three.safetensors"})", "three.safetensors");
}

TEST_CASE("an index leads to no other folder") {
  for (const char* shard :
       {"../one.safetensors", "/etc/passwd", "x/one.safetensors", "..", ".", ""}) {
    INFO(shard);
    CHECK_THROWS_WITH(Sharded(index_of(std::string(R"({"a":")") + shard + "\"}")).read(),
                      Contains("beside the index"));
  }
  CHECK_THROWS_WITH(Sharded(index_of(R"({"a":3})")).read(), Contains("beside the index"));
}

TEST_CASE("what is no index is refused") {
  const auto refused = [](const std::string& text, const std::string& words) {
    INFO(text.substr(0, 60));
    CHECK_THROWS_WITH(Sharded(text).read(), Contains(words));
  };
  refused("", "no JSON");
  refused("[]", "no weight_map");
  refused("{}", "no weight_map");
  refused(R"({"weight_map":[]})", "no weight_map");
  refused(R"({"weight_map":{},"weight_map":{}})", "occurs twice");
  refused(index_of(R"({"a":"one.safetensors","a":"two.safetensors"})"), "a occurs twice");
  refused(std::string(100'000, '['), "nested");
  const test::TemporaryFolder empty;
  CHECK_THROWS_WITH(read_weights(empty.path()), Contains("neither"));
}
