#include "stoker/weights/contiguous.h"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/imag.h>

#include <vector>

#include "support/catch.h"

namespace stoker::weights {
namespace {

at::Tensor numbered(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::arange(c10::multiply_integers(sizes)).remainder(113).view(sizes).to(dtype);
}

// Row-major copies of all of them at once, each between guards that must stay.
std::vector<at::Tensor> copies_of(const std::vector<at::Tensor>& tensors) {
  constexpr int64_t kGuard = 3;
  std::vector<at::Tensor> guarded, inner;
  std::vector<ContiguousCopy> copies;
  for (const at::Tensor& tensor : tensors) {
    guarded.push_back(at::full({tensor.numel() + 2 * kGuard}, 77, tensor.scalar_type()));
    inner.push_back(guarded.back().narrow(0, kGuard, tensor.numel()));
    copies.push_back({tensor, static_cast<std::byte*>(inner.back().mutable_data_ptr())});
  }
  copy_contiguous(copies);
  for (size_t i = 0; i < tensors.size(); ++i) {
    for (const int64_t begin : {int64_t{0}, kGuard + tensors[i].numel()}) {
      CHECK(guarded[i].narrow(0, begin, kGuard).eq(77).all().item<bool>());
    }
    inner[i] = inner[i].view(tensors[i].sizes());
  }
  return inner;
}

at::Tensor copy_of(const at::Tensor& tensor) { return copies_of({tensor}).front(); }

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
    CHECK(at::equal(copy_of(expected.contiguous(at::MemoryFormat::ChannelsLast)), expected));
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
        numbered({2, 3}, at::kComplexFloat).conj(),
        at::imag(numbered({2, 3}, at::kComplexFloat).mul(c10::complex<float>(1, 2)).conj()),
        numbered({2, 3, 4, 5}, at::kComplexFloat)
            .contiguous(at::MemoryFormat::ChannelsLast)
            .conj()}) {
    CHECK(at::equal(copy_of(odd), odd));
  }
}

TEST_CASE("many tensors of different sizes come each to its place, on any number of threads") {
  const int before = at::get_num_threads();
  std::vector<at::Tensor> tensors;
  for (int64_t i = 1; i < 40; ++i) {
    const at::Tensor plain = numbered({i, 3, i % 5, i * i % 91}, at::kFloat).add(i);
    tensors.push_back(i % 2 == 0 ? plain : plain.contiguous(at::MemoryFormat::ChannelsLast));
  }
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    const std::vector<at::Tensor> copies = copies_of(tensors);
    for (size_t i = 0; i < tensors.size(); ++i) CHECK(at::equal(copies[i], tensors[i]));
  }
  at::set_num_threads(before);
  copy_contiguous({});
}

}  // namespace
}  // namespace stoker::weights
