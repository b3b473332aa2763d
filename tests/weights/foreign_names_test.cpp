#include "stoker/weights/foreign_names.h"

#include <filesystem>
#include <fstream>

#include "formula.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

NamedTensors named(const std::vector<std::string>& names) {
  NamedTensors tensors;
  for (const std::string& name : names) tensors.emplace_back(name, test::fill({2}, at::kFloat));
  return tensors;
}

std::vector<std::string> names_of(const PlainNames& plain) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : plain.tensors) names.push_back(name);
  return names;
}

const std::set<std::string> kModel{"conv1.weight", "fc.bias"};
const std::vector<std::string> kPlain{"conv1.weight", "fc.bias"};

}  // namespace

TEST_CASE("plain names stay as they are") {
  const PlainNames plain = without_wrappers(named(kPlain), kModel);
  CHECK(plain.prefix.empty());
  CHECK(names_of(plain) == kPlain);
  CHECK(without_wrappers({}, kModel).tensors.empty());
}

TEST_CASE("prefixes of other tools come off, also several") {
  for (const std::string prefix : {"module.", "_orig_mod.", "model.", "state_dict.",
                                   "module._orig_mod.", "state_dict.model.module."}) {
    const PlainNames plain =
        without_wrappers(named({prefix + kPlain[0], prefix + kPlain[1]}), kModel);
    CHECK(plain.prefix == prefix);
    CHECK(names_of(plain) == kPlain);
  }
}

TEST_CASE("a prefix that not all names have stays, to be reported") {
  const PlainNames plain = without_wrappers(named({"module.conv1.weight", "fc.bias"}), kModel);
  CHECK(plain.prefix.empty());
  CHECK(names_of(plain)[0] == "module.conv1.weight");
}

TEST_CASE("a prefix that the model has too stays") {
  const PlainNames plain = without_wrappers(named({"model.a", "model.b"}), {"model.a", "model.b"});
  CHECK(plain.prefix.empty());
  CHECK(names_of(plain) == std::vector<std::string>{"model.a", "model.b"});
}

TEST_CASE("a file of torch.save is not opened, and the error says how to convert it") {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "resnet.pth").string();
  for (const std::string magic : {"PK\x03\x04", "\x80\x02\x8a\x0a"}) {
    std::ofstream(path, std::ios::binary) << magic << std::string(64, 'x');
    try {
      read_weights(path);
      FAIL("opened");
    } catch (const DataError& error) {
      const std::string message = error.what();
      INFO(message);
      CHECK(message.find("scripts/convert_weights.py " + path) != std::string::npos);
      CHECK(message.find("resnet.safetensors") != std::string::npos);
      CHECK(message.find("trust_code") != std::string::npos);
    }
  }
}
