#include "stoker/weights/contiguous.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include <cstring>
#include <vector>

#include "support/catch.h"

namespace stoker::weights {
namespace {

at::Tensor numbered(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::arange(c10::multiply_integers(sizes)).remainder(113).view(sizes).to(dtype);
}

// What the pieces put together hold.
at::Tensor from_pieces(const at::Tensor& tensor) {
  std::vector<std::byte> bytes;
  for_each_piece(tensor, [&](Bytes piece) {
    CHECK(!piece.empty());
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  });
  const at::Tensor out = at::empty(tensor.sizes(), tensor.scalar_type());
  REQUIRE(bytes.size() == out.nbytes());
  if (!bytes.empty()) std::memcpy(out.mutable_data_ptr(), bytes.data(), bytes.size());
  return out;
}

TEST_CASE("channels_last tensors come row by row, every element in its place") {
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kHalf, at::kBFloat16, at::kDouble,
                                        at::kLong, at::kByte, at::kComplexFloat);
  // The last ones take several pieces: of many outer slices each, of one, with a shorter last one.
  for (const std::vector<int64_t>& sizes : std::vector<std::vector<int64_t>>{{2, 3, 5, 7},
                                                                             {64, 3, 7, 7},
                                                                             {5, 1, 3, 3},
                                                                             {1, 6, 1, 9},
                                                                             {4, 5, 1, 1},
                                                                             {0, 3, 2, 2},
                                                                             {130, 67, 3, 5},
                                                                             {3, 401, 19, 23}}) {
    const at::Tensor expected = numbered(sizes, dtype);
    CHECK(at::equal(from_pieces(expected.contiguous(at::MemoryFormat::ChannelsLast)), expected));
  }
}

TEST_CASE("whatever lies otherwise comes row by row too") {
  const at::Tensor plain = numbered({3, 4, 5}, at::kFloat);
  for (const at::Tensor& odd :
       {plain, numbered({}, at::kFloat), plain.transpose(0, 2), plain.slice(1, 1, 3),
        numbered({3, 1}, at::kFloat).expand({3, 4}),
        numbered({2, 6, 4, 5}, at::kFloat)
            .contiguous(at::MemoryFormat::ChannelsLast)
            .slice(1, 1, 4),
        numbered({2, 3, 4, 5, 2}, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast3d),
        numbered({2, 3, 4, 5}, at::kComplexFloat)
            .contiguous(at::MemoryFormat::ChannelsLast)
            .conj()}) {
    CHECK(at::equal(from_pieces(odd), odd));
  }
}

TEST_CASE("pieces of what lies row by row are parts of it, none longer than asked for") {
  const at::Tensor plain = numbered({3, kPieceBytes / 4 + 5}, at::kFloat);
  const auto* next = static_cast<const std::byte*>(plain.const_data_ptr());
  for_each_piece(plain, [&](Bytes piece) {
    CHECK(piece.data() == next);
    CHECK(piece.size() <= size_t{kPieceBytes});
    next += piece.size();
  });
  CHECK(next == static_cast<const std::byte*>(plain.const_data_ptr()) + plain.nbytes());
}

}  // namespace
}  // namespace stoker::weights
