#include "stoker/weights/contiguous.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include "support/catch.h"

namespace stoker::weights {
namespace {

at::Tensor numbered(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::arange(c10::multiply_integers(sizes)).remainder(113).view(sizes).to(dtype);
}

TEST_CASE("channels_last tensors become contiguous, every element in its place") {
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kHalf, at::kBFloat16, at::kDouble,
                                        at::kLong, at::kByte, at::kComplexFloat);
  for (const std::vector<int64_t>& sizes : std::vector<std::vector<int64_t>>{
           {2, 3, 5, 7}, {64, 3, 7, 7}, {5, 1, 3, 3}, {1, 6, 1, 9}, {4, 5, 1, 1}, {0, 3, 2, 2}}) {
    const at::Tensor expected = numbered(sizes, dtype);
    const at::Tensor turned = expected.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor got = contiguous_on_cpu(turned);
    CHECK(got.is_contiguous());
    CHECK(got.scalar_type() == dtype);
    CHECK(at::equal(got, expected));
  }
}

TEST_CASE("whatever lies otherwise becomes contiguous too; what is so already is not copied") {
  const at::Tensor plain = numbered({3, 4, 5}, at::kFloat);
  CHECK(contiguous_on_cpu(plain).const_data_ptr() == plain.const_data_ptr());
  const at::Tensor scalar = numbered({}, at::kFloat);
  CHECK(contiguous_on_cpu(scalar).const_data_ptr() == scalar.const_data_ptr());
  for (const at::Tensor& odd :
       {plain.transpose(0, 2), plain.slice(1, 1, 3), numbered({3, 1}, at::kFloat).expand({3, 4}),
        numbered({2, 6, 4, 5}, at::kFloat)
            .contiguous(at::MemoryFormat::ChannelsLast)
            .slice(1, 1, 4),
        numbered({2, 3, 4, 5, 2}, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast3d),
        numbered({2, 3, 4, 5}, at::kComplexFloat)
            .contiguous(at::MemoryFormat::ChannelsLast)
            .conj()}) {
    const at::Tensor got = contiguous_on_cpu(odd);
    CHECK(got.is_contiguous());
    CHECK(at::equal(got, odd));
  }
}

}  // namespace
}  // namespace stoker::weights
