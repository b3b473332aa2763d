// The tensors of tests/golden/weights_safetensors.py, by the same formula.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "stoker/weights/safetensors.h"

namespace stoker::test {

inline at::Tensor fill(const std::vector<int64_t>& shape, c10::ScalarType dtype) {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  const at::Tensor index = at::arange(n, at::kLong);
  const bool is_unsigned =
      dtype == at::kByte || dtype == at::kUInt16 || dtype == at::kUInt32 || dtype == at::kUInt64;
  const at::Tensor values = dtype == at::kBool ? index % 2 : is_unsigned ? index : index - n / 2;
  return values.to(dtype).reshape(shape);
}

inline weights::NamedTensors formula_tensors() {
  const std::vector<std::pair<const char*, c10::ScalarType>> dtypes = {
      {"bool", at::kBool},
      {"u8", at::kByte},
      {"i8", at::kChar},
      {"i16", at::kShort},
      {"u16", at::kUInt16},
      {"i32", at::kInt},
      {"u32", at::kUInt32},
      {"i64", at::kLong},
      {"u64", at::kUInt64},
      {"f16", at::kHalf},
      {"bf16", at::kBFloat16},
      {"f32", at::kFloat},
      {"f64", at::kDouble},
      {"f8_e4m3", at::kFloat8_e4m3fn},
      {"f8_e5m2", at::kFloat8_e5m2},
      {"c64", at::kComplexFloat}};
  weights::NamedTensors tensors;
  for (const auto& [name, dtype] : dtypes) {
    tensors.emplace_back(std::string("dtype.") + name, fill({2, 3}, dtype));
  }
  tensors.emplace_back("shape.scalar", fill({}, at::kFloat));
  tensors.emplace_back("shape.empty", fill({0, 3}, at::kFloat));
  tensors.emplace_back("shape.four", fill({2, 3, 5, 7}, at::kBFloat16));
  tensors.emplace_back("name \"quoted\" \\ é\n\t", fill({1}, at::kByte));
  return tensors;
}

// Same dtype, shape and bytes: NaN, signed zero and dtypes without operators included.
inline bool identical(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.scalar_type() == y.scalar_type() && x.sizes() == y.sizes() &&
         (x.numel() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0);
}

}  // namespace stoker::test
