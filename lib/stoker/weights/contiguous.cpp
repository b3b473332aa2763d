#include "stoker/weights/contiguous.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

namespace stoker::weights {
namespace {

constexpr int64_t kPieceBytes = int64_t{256} << 10;

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

struct Piece {
  const std::byte* from;
  std::byte* to;
  void (*copy)(const Piece&);
  int64_t size_bytes;
  int64_t outer = 0, channels = 0, pixels = 0;  // of what is turned
};

void copy_bytes(const Piece& piece) {
  std::memcpy(piece.to, piece.from, static_cast<size_t>(piece.size_bytes));
}

template <typename T>
void copy_turned(const Piece& piece) {
  turn(reinterpret_cast<const T*>(piece.from), reinterpret_cast<T*>(piece.to), piece.outer,
       piece.channels, piece.pixels);
}

bool is_turnable(const at::Tensor& tensor) {
  const size_t size = tensor.element_size();
  return tensor.dim() == 4 && tensor.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         (size == 2 || size == 4 || size == 8);
}

void add_turned(const at::Tensor& tensor, std::byte* to, std::vector<Piece>& pieces) {
  const auto element_bytes = static_cast<int64_t>(tensor.element_size());
  const int64_t outer = tensor.size(0), channels = tensor.size(1);
  const int64_t pixels = tensor.size(2) * tensor.size(3);
  const int64_t slice_bytes = channels * pixels * element_bytes;
  const int64_t at_once = std::max<int64_t>(1, kPieceBytes / slice_bytes);
  const auto* from = static_cast<const std::byte*>(tensor.const_data_ptr());
  const auto copy = element_bytes == 2   ? copy_turned<uint16_t>
                    : element_bytes == 4 ? copy_turned<uint32_t>
                                         : copy_turned<uint64_t>;
  for (int64_t o = 0; o < outer; o += at_once) {
    const int64_t now = std::min(at_once, outer - o), at = o * slice_bytes;
    pieces.push_back({from + at, to + at, copy, now * slice_bytes, now, channels, pixels});
  }
}

void add_bytes(const at::Tensor& contiguous, std::byte* to, std::vector<Piece>& pieces) {
  const auto* from = static_cast<const std::byte*>(contiguous.const_data_ptr());
  const auto size_bytes = static_cast<int64_t>(contiguous.nbytes());
  for (int64_t at = 0; at < size_bytes; at += kPieceBytes) {
    pieces.push_back({from + at, to + at, copy_bytes, std::min(kPieceBytes, size_bytes - at)});
  }
}

}  // namespace

void copy_contiguous(std::span<const ContiguousCopy> copies) {
  std::vector<Piece> pieces;
  std::vector<at::Tensor> alive;  // copies of odd ones, until their pieces are copied
  for (const auto& [from, to] : copies) {
    if (from.numel() == 0) continue;
    alive.push_back(from.detach().resolve_conj().resolve_neg());
    if (!alive.back().is_contiguous() && is_turnable(alive.back())) {
      add_turned(alive.back(), to, pieces);
    } else {
      alive.push_back(alive.back().contiguous());
      add_bytes(alive.back(), to, pieces);
    }
  }
  std::atomic<size_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    for (size_t i = next++; i < pieces.size(); i = next++) pieces[i].copy(pieces[i]);
  });
}

}  // namespace stoker::weights
