// A seeded mutator: whatever is done to a good file, it is refused or what is read is sound.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>

#include "formula.h"
#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/weights/safetensors_image.h"
#include "support/catch.h"
#include "support/fuzz.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

const uint64_t kMutations = test::fuzz_rounds(20'000);

// Pieces that mean something in a header, so that mutations get past its first checks.
constexpr std::string_view kPieces[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\"",
                                        "0",
                                        "-1",
                                        "1e9",
                                        "18446744073709551615",
                                        "9223372036854775807",
                                        "4294967296",
                                        "null",
                                        "\"F32\"",
                                        "\"BF16\"",
                                        "\"I64\"",
                                        "\"dtype\"",
                                        "\"shape\"",
                                        "\"data_offsets\"",
                                        "\"__metadata__\"",
                                        "[0,4]",
                                        "[]",
                                        "\\u0000",
                                        "\\ud800"};

void mutate_once(std::string& file, RandomStream& random) {
  if (random.coin(1 / 7.0f)) {  // a digit, where most of the arithmetic hangs
    const size_t at = random.below(static_cast<uint32_t>(std::max<size_t>(1, file.size())));
    const size_t digit = file.find_first_of("0123456789", std::max<size_t>(at, 8));
    if (digit != std::string::npos) file[digit] = static_cast<char>('0' + random.below(10));
    return;
  }
  // Mostly in the header; the bytes of tensors say nothing.
  test::mutate_once(file, random, kPieces, random.coin(0.9f) ? file.size() / 2 : file.size());
}

// Half the time the header's length is made right again, so that mutations reach the parser.
void repair_length(std::string& file, size_t data_bytes) {
  if (file.size() < 8 + data_bytes) return;
  const uint64_t length = file.size() - 8 - data_bytes;
  std::memcpy(file.data(), &length, 8);
}

// What the parser promises: spans that tile the data and fit their shapes.
bool sound(const SafetensorsHeader& header, size_t file_bytes) {
  uint64_t at = 0;
  for (const TensorEntry& tensor : header.tensors) {
    long double bytes = c10::elementSize(tensor.dtype);
    for (const int64_t size : tensor.shape) bytes *= static_cast<long double>(size);
    const bool fits = tensor.begin == at && tensor.end >= at &&
                      bytes == static_cast<long double>(tensor.end - tensor.begin);
    if (!fits) return false;
    at = tensor.end;
  }
  return header.data_offset + at == file_bytes;
}

struct Seed {
  std::string file;
  size_t data_bytes;
};

Seed seed_file(const test::TemporaryFolder& folder) {
  const auto path = folder.path() / "seed.safetensors";
  const NamedTensors tensors = {{"a.weight", test::fill({2, 3}, at::kFloat)},
                                {"a.bias", test::fill({3}, at::kHalf)},
                                {"n", test::fill({}, at::kLong)}};
  write_safetensors(real_file_system(), path, tensors, {{"format", "pt"}});
  return {read_file(path), 24 + 6 + 8};
}

}  // namespace

TEST_CASE("mutated files are refused or sound") {
  const test::TemporaryFolder folder;
  const Seed seed = seed_file(folder);
  REQUIRE(sound(parse_safetensors_header(as_bytes(seed.file)), seed.file.size()));
  uint64_t accepted = 0, unsound = 0, loaded = 0;
  for (uint64_t i = 0; i < kMutations; ++i) {
    RandomStream random({.seed = 4, .sample = i}, Purpose::kPick);
    std::string file = seed.file;
    for (uint32_t n = 1 + random.below(4); n > 0; --n) mutate_once(file, random);
    if (random.coin()) repair_length(file, seed.data_bytes);
    try {
      const SafetensorsHeader header = parse_safetensors_header(as_bytes(file));
      ++accepted;
      if (!sound(header, file.size())) ++unsound;
      if (loaded >= 500) continue;
      // And every tensor of it can be read to its end.
      const auto path = folder.path() / "mutated.safetensors";
      std::ofstream(path, std::ios::binary) << file;
      for (const auto& [name, tensor] : read_weights(path)) {
        loaded += test::identical(tensor, tensor.clone()) ? 1 : 0;
      }
    } catch (const DataError&) {
    }
  }
  CHECK(unsound == 0);
  // Neither a parser that refuses all nor mutations that change nothing would test anything.
  CHECK(accepted > kMutations / 100);
  CHECK(accepted < kMutations / 2);
  CHECK(loaded > 100);
}
