// The head of a safetensors file: what it holds and where, checked before anything is believed.
//
//   const SafetensorsHeader header = parse_safetensors_header(map.bytes());
//   Bytes weight = map.bytes().subspan(header.data_offset + entry.begin, entry.end - entry.begin);
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::weights {

struct TensorEntry {
  std::string name;
  c10::ScalarType dtype = c10::ScalarType::Float;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // in bytes, from the end of the header
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  // as they lie in the file
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;  // of the first tensor's bytes in the file
};

// `file` is the whole file. Throws DataError, without the file's name, on anything that the format
// does not allow; what it returns can be used without another check.
SafetensorsHeader parse_safetensors_header(Bytes file);

// The 8 bytes of length and the JSON, padded with spaces to a multiple of 8. The tensors' begin and
// end must be set.
std::string format_safetensors_header(const SafetensorsHeader& header);

struct SafetensorsDtype {
  std::string_view name;
  c10::ScalarType dtype;
};
// The dtypes of the format that torch has, from the smallest alignment up, in the order of the
// Python library, which lays the largest first.
std::span<const SafetensorsDtype> safetensors_dtypes();

}  // namespace stoker::weights
