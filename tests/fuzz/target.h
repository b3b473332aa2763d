// What libFuzzer calls; each program of this folder says what it asks of a file's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "stoker/core/file.h"
#include "support/fuzz.h"

namespace stoker::test {

// libFuzzer's own copy of the bytes is exact: a sanitizer sees a read of one too many.
Verdict judge(Bytes file);

inline std::string text_of(Bytes file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

}  // namespace stoker::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stoker;
  const Bytes file(reinterpret_cast<const std::byte*>(data), size);
  if (test::judge(file) == test::Verdict::kUnsound) std::abort();
  return 0;
}
