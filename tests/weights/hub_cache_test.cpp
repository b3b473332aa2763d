#include "stoker/weights/hub_cache.h"

#include <cstdlib>
#include <fstream>
#include <optional>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;
namespace fs = std::filesystem;

namespace {

// An environment variable for the length of a scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* former = std::getenv(name)) former_ = former;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (former_)
      setenv(name_, former_->c_str(), 1);
    else
      unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> former_;
};

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string refusal(std::string_view name) {
  try {
    cached_weights(name);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a hub's name has an owner and a name") {
  CHECK(is_hub_name("timm/resnet50.a1_in1k"));
  CHECK(is_hub_name("google/vit-base-patch16-224"));
  for (const char* other : {"resnet50", "a/b/c", "/b", "a/", "./b", "../b", "w/model.safetensors",
                            "a b/c", "~/c", "w/x.index.json"})
    CHECK_FALSE(is_hub_name(other));
}

TEST_CASE("weights are found where huggingface_hub keeps them") {
  const test::TemporaryFolder folder;
  const Variable cache("HF_HUB_CACHE", folder.path().string());
  const fs::path repository = folder.path() / "models--timm--net.tag";
  CHECK(refusal("timm/net.tag").find("hf download timm/net.tag model.safetensors config.json") !=
        std::string::npos);
  write(repository / "snapshots/aaa/config.json", "{}");
  CHECK(refusal("timm/net.tag").find("has no model.safetensors") != std::string::npos);
  write(repository / "snapshots/bbb/model.safetensors", "x");
  write(repository / "snapshots/ccc/model.safetensors", "x");
  CHECK(cached_weights("timm/net.tag") == repository / "snapshots/bbb");
  write(repository / "refs/main", "ccc\n");
  CHECK(cached_weights("timm/net.tag") == repository / "snapshots/ccc");
}

TEST_CASE("the cache is where the environment says") {
  const test::TemporaryFolder folder;
  const Variable hub("HF_HUB_CACHE", "");
  const Variable home("HF_HOME", (folder.path() / "home").string());
  const fs::path snapshot = "models--a--b/snapshots/1";
  write(folder.path() / "home/hub" / snapshot / "model.safetensors", "x");
  CHECK(cached_weights("a/b") == folder.path() / "home/hub" / snapshot);
  const Variable no_home("HF_HOME", "");
  const Variable user("XDG_CACHE_HOME", (folder.path() / "user").string());
  write(folder.path() / "user/huggingface/hub" / snapshot / "model.safetensors", "x");
  CHECK(cached_weights("a/b") == folder.path() / "user/huggingface/hub" / snapshot);
}

TEST_CASE("torchvision's files are pickles, and the error says how to convert them") {
  const test::TemporaryFolder folder;
  const Variable home("TORCH_HOME", folder.path().string());
  CHECK(refusal("torchvision/resnet50").find("torchvision.models.resnet50(weights='DEFAULT')") !=
        std::string::npos);
  write(folder.path() / "hub/checkpoints/resnet50-0676ba61.pth", "x");
  const std::string message = refusal("torchvision/resnet50");
  CHECK(message.find("scripts/convert_weights.py") != std::string::npos);
  CHECK(message.find("resnet50-0676ba61.pth resnet50.safetensors") != std::string::npos);
}
