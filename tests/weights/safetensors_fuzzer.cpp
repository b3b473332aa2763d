// Coverage-guided fuzzing of the safetensors parser with libFuzzer, for hours rather than for CI,
// which has the seeded mutator of safetensors_fuzz_test.cpp.
//
//   cmake -S . -B build-fuzz -G Ninja -DSTOKER_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ …
//   build-fuzz/tests/safetensors_fuzzer corpus/ -max_total_time=600
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "stoker/core/error.h"
#include "stoker/weights/safetensors_header.h"

using namespace stoker;
using namespace stoker::weights;

// A header that is taken must describe the bytes behind it, and be written as one that reads back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes file(reinterpret_cast<const std::byte*>(data), size);
  SafetensorsHeader header;
  try {
    header = parse_safetensors_header(file);
  } catch (const DataError&) {
    return 0;
  }
  uint64_t at = 0;
  for (const TensorEntry& tensor : header.tensors) {
    if (tensor.begin != at || tensor.end < tensor.begin) std::abort();
    at = tensor.end;
  }
  if (header.data_offset + at != size) std::abort();
  const std::string again = format_safetensors_header(header) + std::string(at, '\0');
  if (parse_safetensors_header(as_bytes(again)).tensors.size() != header.tensors.size()) {
    std::abort();
  }
  return 0;
}
