#include "stoker/weights/safetensors_image.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <string>

#include "formula.h"
#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;
using test::fill;
using test::identical;

namespace {

bool same(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

// Written and read again.
at::Tensor first_of(const SafetensorsImage& image) {
  const test::TemporaryFolder folder;
  image.write(real_file_system(), folder.path() / "a");
  const SafetensorsFile file(folder.path() / "a");
  return file.tensor(file.names().front()).clone();
}

}  // namespace

TEST_CASE("an image is the file that is written of it, from a page on") {
  const test::TemporaryFolder folder;
  SafetensorsImage image;
  CHECK(image.bytes().empty());
  CHECK_THROWS_AS(image.write(real_file_system(), folder.path() / "a"), InternalError);
  image.fill(test::formula_tensors(), {{"format", "pt"}});
  const std::string golden = read_file("tests/golden/weights_safetensors.safetensors");
  CHECK(same(image.bytes(), as_bytes(golden)));
  CHECK(reinterpret_cast<uintptr_t>(image.bytes().data()) % 4096 == 0);
  CHECK(image.write(real_file_system(), folder.path() / "a") == checksum_hex(as_bytes(golden)));
  CHECK(read_file(folder.path() / "a") == golden);
}

TEST_CASE("an image holds what the tensors were when it was filled") {
  const at::Tensor weight = fill({2, 3, 5, 7}, at::kFloat);
  const at::Tensor live = weight.clone().contiguous(at::MemoryFormat::ChannelsLast);
  SafetensorsImage image;
  image.fill({{"w", live}});
  live.zero_();
  CHECK(identical(first_of(image), weight));
}

TEST_CASE("tensors on the device lie in an image as those of the CPU do", "[gpu]") {
  NamedTensors here = test::formula_tensors();
  const at::Tensor filter = fill({64, 33, 5, 7}, at::kFloat);
  here.emplace_back("channels_last", filter.contiguous(at::MemoryFormat::ChannelsLast));
  here.emplace_back("transposed", fill({3, 5}, at::kInt).t());
  NamedTensors there;  // not all of them, as where a scaler stays on the CPU
  for (const auto& [name, tensor] : here) {
    there.emplace_back(name, there.size() % 3 == 1 ? tensor : tensor.to(at::kCUDA));
  }
  SafetensorsImage expected, actual;
  expected.fill(here);
  actual.fill(there);
  CHECK(same(actual.bytes(), expected.bytes()));
  for (const auto& [name, tensor] : there) tensor.zero_();
  CHECK(same(actual.bytes(), expected.bytes()));
}

TEST_CASE("an image's memory is used again where it is enough") {
  SafetensorsImage image;
  const at::Tensor weight = at::arange(600).to(at::kFloat).reshape({20, 30});
  image.fill({{"w", weight}});
  const auto* memory = image.bytes().data();
  weight.add_(1);
  image.fill({{"w", weight}});
  CHECK(image.bytes().data() == memory);
  CHECK(identical(first_of(image), weight));
  image.fill({{"half", weight.to(at::kHalf)}});  // less
  CHECK(image.bytes().data() == memory);
  CHECK(identical(first_of(image), weight.to(at::kHalf)));
  const at::Tensor larger = at::arange(40'000).reshape({200, 200}).slice(1, 0, 151, 2);
  image.fill({{"larger", larger}});
  CHECK(identical(first_of(image), larger.contiguous()));
}

TEST_CASE("what an image cannot hold leaves it as it was") {
  SafetensorsImage image;
  const at::Tensor weight = fill({4}, at::kFloat);
  image.fill({{"w", weight}});
  CHECK_THROWS_AS(image.fill({{"c", at::zeros({1}, at::kComplexDouble)}}), DataError);
  CHECK_THROWS_AS(image.fill({{"a", weight}, {"a", weight}}), DataError);
  CHECK(identical(first_of(image), weight));
}

TEST_CASE("a file of several pieces is written whole") {
  SafetensorsImage image;
  const at::Tensor large = at::arange((int64_t{9} << 20) / 8 + 11);
  image.fill({{"w", large}});
  CHECK(image.bytes().size() > size_t{9} << 20);
  const test::TemporaryFolder folder;
  CHECK(image.write(real_file_system(), folder.path() / "a") == checksum_hex(image.bytes()));
  CHECK(same(as_bytes(read_file(folder.path() / "a")), image.bytes()));
}
