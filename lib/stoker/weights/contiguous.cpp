#include "stoker/weights/contiguous.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace stoker::weights {
namespace {

using Take = std::function<void(Bytes)>;

void in_pieces(const at::Tensor& contiguous, const Take& take) {
  const auto* data = static_cast<const std::byte*>(contiguous.const_data_ptr());
  const auto size_bytes = static_cast<int64_t>(contiguous.nbytes());
  for (int64_t at = 0; at < size_bytes; at += kPieceBytes)
    take({data + at, static_cast<size_t>(std::min(kPieceBytes, size_bytes - at))});
}

// in: [outer][pixels][channels], out: [outer][channels][pixels]. The reads of one output pixel's
// row run in as many streams as there are pixels, which are few in a convolution's weights.
template <typename T>
void turn(const T* in, T* out, int64_t outer, int64_t channels, int64_t pixels) {
  for (int64_t o = 0; o < outer; ++o, in += channels * pixels)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t p = 0; p < pixels; ++p) *out++ = in[p * channels + c];
}

using Lanes = uint32_t __attribute__((vector_size(16), aligned(4), may_alias));

// Four channels of four pixels: row i of `out` gets element i of each row of `in`.
void turn_4x4(const uint32_t* in, int64_t channels, uint32_t* out, int64_t pixels) {
  const auto row = [&](int64_t p) { return *reinterpret_cast<const Lanes*>(in + p * channels); };
  const auto store = [&](int64_t c, Lanes lanes) {
    *reinterpret_cast<Lanes*>(out + c * pixels) = lanes;
  };
  const Lanes low01 = __builtin_shuffle(row(0), row(1), Lanes{0, 4, 1, 5});
  const Lanes high01 = __builtin_shuffle(row(0), row(1), Lanes{2, 6, 3, 7});
  const Lanes low23 = __builtin_shuffle(row(2), row(3), Lanes{0, 4, 1, 5});
  const Lanes high23 = __builtin_shuffle(row(2), row(3), Lanes{2, 6, 3, 7});
  store(0, __builtin_shuffle(low01, low23, Lanes{0, 1, 4, 5}));
  store(1, __builtin_shuffle(low01, low23, Lanes{2, 3, 6, 7}));
  store(2, __builtin_shuffle(high01, high23, Lanes{0, 1, 4, 5}));
  store(3, __builtin_shuffle(high01, high23, Lanes{2, 3, 6, 7}));
}

// What most weights are: fp32. The outer slice after this one is fetched meanwhile, since rows that
// are read in turns are more than the processor foresees.
template <>
void turn(const uint32_t* in, uint32_t* out, int64_t outer, int64_t channels, int64_t pixels) {
  const int64_t slice = channels * pixels;
  const int64_t whole_c = channels / 4 * 4, whole_p = pixels / 4 * 4;
  const int64_t fetched = whole_p == 0 ? 0 : 16 * pixels / whole_p;  // elements, for 16 turned
  for (int64_t o = 0; o < outer; ++o, in += slice, out += slice) {
    const uint32_t* next = o + 1 < outer ? in + slice : in;
    for (int64_t c = 0; c < whole_c; c += 4) {
      for (int64_t p = 0; p < whole_p; p += 4, next += fetched) {
        __builtin_prefetch(next);
        turn_4x4(in + p * channels + c, channels, out + c * pixels + p, pixels);
      }
      for (int64_t p = whole_p; p < pixels; ++p)
        for (int64_t i = c; i < c + 4; ++i) out[i * pixels + p] = in[p * channels + i];
    }
    for (int64_t c = whole_c; c < channels; ++c)
      for (int64_t p = 0; p < pixels; ++p) out[c * pixels + p] = in[p * channels + c];
  }
}

template <typename T>
void turned(const at::Tensor& tensor, const Take& take) {
  const int64_t outer = tensor.size(0), channels = tensor.size(1);
  const int64_t pixels = tensor.size(2) * tensor.size(3), slice = channels * pixels;
  const int64_t at_once = std::max<int64_t>(1, kPieceBytes / (slice * int64_t{sizeof(T)}));
  std::vector<T> piece(static_cast<size_t>(std::min(at_once, outer) * slice));
  const T* in = static_cast<const T*>(tensor.const_data_ptr());
  for (int64_t o = 0; o < outer; o += at_once) {
    const int64_t now = std::min(at_once, outer - o);
    turn(in + o * slice, piece.data(), now, channels, pixels);
    take(std::as_bytes(std::span(piece).first(static_cast<size_t>(now * slice))));
  }
}

}  // namespace

void for_each_piece(const at::Tensor& tensor, const Take& take) {
  const at::Tensor here = tensor.detach().cpu();
  if (!here.is_contiguous() && here.dim() == 4 &&
      here.is_contiguous(at::MemoryFormat::ChannelsLast) && !here.is_conj() && !here.is_neg()) {
    switch (here.element_size()) {
      case 2:
        return turned<uint16_t>(here, take);
      case 4:
        return turned<uint32_t>(here, take);
      case 8:
        return turned<uint64_t>(here, take);
      default:
        break;
    }
  }
  in_pieces(here.contiguous(at::MemoryFormat::Contiguous), take);
}

}  // namespace stoker::weights
