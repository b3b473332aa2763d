#include "stoker/weights/safetensors_image.h"

#include <ATen/ops/zeros.h>

#include <fstream>
#include <string>

#include "formula.h"
#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;
using test::fill;
using test::identical;
namespace fs = std::filesystem;

namespace {

constexpr const char* kGolden = "tests/golden/weights_safetensors.safetensors";

void check_same(const NamedTensors& wanted, const SafetensorsFile& file) {
  REQUIRE(file.names().size() == wanted.size());
  for (const auto& [name, tensor] : wanted) {
    INFO(name);
    REQUIRE(file.contains(name));
    CHECK(identical(file.tensor(name), tensor));
  }
}

}  // namespace

TEST_CASE("a file of the Python library is read, every dtype of it") {
  const SafetensorsFile file(kGolden);
  check_same(test::formula_tensors(), file);
  CHECK(file.metadata() == Metadata{{"format", "pt"}});
}

TEST_CASE("what is written is the Python library's file, byte for byte") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const std::string checksum =
      write_safetensors(real_file_system(), path, test::formula_tensors(), {{"format", "pt"}});
  const std::string bytes = read_file(path);
  CHECK(bytes == read_file(kGolden));
  CHECK(checksum == checksum_hex(as_bytes(bytes)));
}

TEST_CASE("tensors that are no plain rows are written as they read") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const at::Tensor image = fill({2, 3, 5, 7}, at::kFloat);
  const NamedTensors tensors = {{"channels_last", image.contiguous(at::MemoryFormat::ChannelsLast)},
                                {"transposed", fill({3, 5}, at::kInt).t()},
                                {"slice", image.select(1, 1)},
                                {"needs_grad", fill({4}, at::kFloat).set_requires_grad(true)}};
  write_safetensors(real_file_system(), path, tensors);
  check_same(tensors, SafetensorsFile(path));
}

TEST_CASE("a file without tensors is one") {
  const test::TemporaryFolder folder;
  write_safetensors(real_file_system(), folder.path() / "a", {});
  CHECK(SafetensorsFile(folder.path() / "a").names().empty());
}

TEST_CASE("a tensor outlives its file object and shares the map") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "a";
  write_safetensors(real_file_system(), path, {{"w", fill({1000}, at::kFloat)}});
  at::Tensor first, second;
  {
    SafetensorsFile file(path);
    first = file.tensor("w");
    const SafetensorsFile moved(std::move(file));
    second = moved.tensor("w");
  }
  fs::remove(path);
  CHECK(first.const_data_ptr() == second.const_data_ptr());
  CHECK(identical(first, fill({1000}, at::kFloat)));
}

TEST_CASE("unaligned tensors of foreign files are copied") {
  const test::TemporaryFolder folder;
  std::string bytes = format_safetensors_header(
      {.tensors = {{"a", at::kByte, {1}, 0, 1}, {"b", at::kDouble, {1}, 1, 9}}});
  const double value = 2.5;
  bytes += 'x';
  bytes.append(reinterpret_cast<const char*>(&value), 8);
  std::ofstream(folder.path() / "a", std::ios::binary) << bytes;
  CHECK(SafetensorsFile(folder.path() / "a").tensor("b").item<double>() == 2.5);
}

TEST_CASE("errors name the file") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "broken.safetensors";
  using Catch::Contains;
  CHECK_THROWS_AS(SafetensorsFile(path), FileError);
  std::ofstream(path) << "not one";
  CHECK_THROWS_WITH(SafetensorsFile(path),
                    Contains(path.string()) && Contains("is text, not weights"));
  const SafetensorsFile file(kGolden);
  CHECK_FALSE(file.contains("nowhere"));
  CHECK_THROWS_WITH(file.tensor("nowhere"), Contains(kGolden) && Contains("nowhere"));
}

TEST_CASE("what the format cannot hold is refused before a byte is written") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "a";
  const auto write = [&](const NamedTensors& tensors) {
    write_safetensors(real_file_system(), path, tensors);
  };
  CHECK_THROWS_AS(write({{"w", fill({1}, at::kInt)}, {"w", fill({1}, at::kInt)}}), DataError);
  CHECK_THROWS_AS(write({{"__metadata__", fill({1}, at::kInt)}}), DataError);
  CHECK_THROWS_AS(write({{"w", at::zeros({1}, at::kComplexDouble)}}), DataError);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a write that fails anywhere leaves the old file whole") {
  const NamedTensors old_tensors = {{"w", fill({3}, at::kFloat)}};
  const NamedTensors new_tensors = {{"v", fill({5}, at::kFloat)}, {"w", fill({3}, at::kHalf)}};
  for (int64_t n = 0;; ++n) {
    const test::TemporaryFolder folder;
    const fs::path path = folder.path() / "a";
    write_safetensors(real_file_system(), path, old_tensors);
    test::ForgetfulFiles disk(folder.path());
    test::FaultyFiles files(disk,
                            {.at = n, .forever = true, .kind = test::Fault::Kind::kShortWrite});
    bool failed = false;
    try {
      write_safetensors(files, path, new_tensors);
    } catch (const FileError&) {
      failed = true;
    }
    disk.restart(test::ForgetfulFiles::Lost::kUnsyncedContents);
    const SafetensorsFile file(path);
    INFO("operation " << n);
    check_same(file.contains("v") ? new_tensors : old_tensors, file);
    if (!failed) {
      CHECK(file.contains("v"));
      CHECK(n == 6);  // create, append, sync, close, rename, sync of the folder
      break;
    }
  }
}
