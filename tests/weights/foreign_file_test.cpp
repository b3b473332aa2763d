#include "stoker/weights/foreign_file.h"

#include <string>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/weights/safetensors.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "support/thrown.h"

using namespace stoker;
using namespace stoker::weights;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:0a1b\nsize 102469840\n";

// What reading a file of this name and content as weights says.
std::string refusal(const std::string& name, std::string_view content) {
  const test::TemporaryFolder folder;
  test::write(folder.path() / name, content);
  return test::message_of<DataError>([&] { read_weights(folder.path() / name); });
}

}  // namespace

TEST_CASE("what was given in place of weights is named, with the command that helps") {
  CHECK_THAT(refusal("a.safetensors", kPointer),
             Contains("pointer of git-lfs") && Contains("git lfs pull --include a.safetensors"));
  for (const std::string_view page :
       {"<!DOCTYPE html><html><body>Sign in</body></html>", "\n  <HTML lang=en>…</HTML>"})
    CHECK_THAT(refusal("a.safetensors", page), Contains("is a web page"));
  CHECK_THAT(refusal("a.safetensors", "\x89HDF\r\n\x1a\n0123456789"), Contains("Keras"));
  CHECK_THAT(refusal("a.safetensors", "404: Not Found\nmore of it"),
             Contains("is text") && Contains("\"404: Not Found\""));
  CHECK_THAT(refusal("model.safetensors.index.json", kPointer), Contains("pointer of git-lfs"));
  CHECK_THAT(refusal("model.safetensors.index.json", "{\"weight_map\": "), Contains("no JSON"));
  CHECK_THAT(refusal("a.safetensors", std::string(64, '\0')), Contains("not a valid safetensors"));
}

TEST_CASE("the command that converts never writes over its source") {
  std::string zip(64, 'x');
  zip.replace(0, 4, "PK\x03\x04");
  const std::vector<std::pair<std::string, std::string>> names = {
      {"net.pth", "net.safetensors."},
      {"net.safetensors", "net.converted.safetensors."},
      {"my net.pt", "my net.safetensors'."}};
  for (const auto& [name, converted] : names) {
    CAPTURE(name);
    const std::string said = refusal(name, zip);
    CHECK_THAT(said, Contains("is a file of torch.save") && Contains("/" + converted));
    CHECK(said.find(name + ": is") != std::string::npos);
  }
  CHECK_THAT(refusal("my net.pt", zip), Contains("convert_weights.py '/"));
  for (const char* protocol : {"\x80\x02", "\x80\x04", "\x80\x05"})
    CHECK_THAT(refusal("a.pt", std::string(protocol) + "}q"), Contains("torch.save"));
  // A damaged file whose header's length looks like a pickle's first bytes.
  const std::string length("\x80\x02\0\0\0\0\0\0", 8);
  CHECK_THAT(refusal("a.safetensors", length + "{\"w\":"), Contains("cut short"));
}
